"""Where a checkpoint comes from, and reading its parts: configuration, processor, weights.

Only safetensors are read, no code of a checkpoint is ever run, and what is cached is used without
asking the hub.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from tasks.encoder.errors import CheckpointUnreachableError, CheckpointUnusableError

if TYPE_CHECKING:
    from transformers import VideoMAEConfig, VideoMAEForPreTraining
    from transformers.image_processing_base import ImageProcessingMixin

DEFAULT_MODEL = "MCG-NJU/videomae-base"
DEFAULT_REVISION = "dc740ceda42fce44faed2ea03c6d447db72f6af9"
PROCESSOR_BACKEND = "pil"

Loaded = TypeVar("Loaded")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A VideoMAE checkpoint, by hub id and revision or by local folder."""

    model: str = DEFAULT_MODEL
    revision: str | None = None

    @property
    def folder(self) -> Path | None:
        """The local folder, or None for a checkpoint of the hub."""
        place = Path(os.path.expanduser(self.model))  # noqa: PTH111 - leaves ~nobody as it is
        if place.is_dir():
            return place
        if place.exists() or self.model.startswith((".", "/", "~")) or self.model.count("/") > 1:
            raise CheckpointUnusableError(f"--model {self.model!r}: there is no such folder")
        return None

    @property
    def hub_revision(self) -> str:
        """The revision asked of the hub; the default checkpoint is pinned to one commit."""
        return self.revision or (DEFAULT_REVISION if self.model == DEFAULT_MODEL else "main")

    def config(self) -> VideoMAEConfig:
        """Read the model's configuration.

        Raises:
            CheckpointUnusableError: It is not a VideoMAE's.
            CheckpointUnreachableError: It is neither cached nor to be had.
        """
        from transformers import AutoConfig, VideoMAEConfig

        config = self._read(AutoConfig.from_pretrained, trust_remote_code=False)
        if not isinstance(config, VideoMAEConfig):
            raise CheckpointUnusableError(
                f"--model {self.model!r} is a {config.model_type!r} checkpoint, not a VideoMAE"
            )
        return config

    def processor(self) -> ImageProcessingMixin:
        """Read the preprocessing that belongs to the model, in its PIL form.

        With torchvision about, transformers would choose another form whose pixels differ.
        """
        from transformers import AutoImageProcessor

        processor: ImageProcessingMixin = self._read(
            AutoImageProcessor.from_pretrained, backend=PROCESSOR_BACKEND, trust_remote_code=False
        )
        return processor

    def weights(self) -> VideoMAEForPreTraining:
        """Read the model in float32, ready for inference.

        Raises:
            CheckpointUnusableError: Weights of the encoder are missing: the embeddings would be
                those of random numbers.
        """
        import torch
        from transformers import VideoMAEForPreTraining

        reader: Any = VideoMAEForPreTraining.from_pretrained  # its type knows no loading info
        model, loading = self._read(
            reader,
            use_safetensors=True,
            dtype=torch.float32,
            output_loading_info=True,
        )
        missing = sorted(name for name in loading["missing_keys"] if name.startswith("videomae."))
        if missing:
            raise CheckpointUnusableError(
                f"--model {self.model!r} lacks {len(missing)} weights of the encoder, "
                f"{missing[0]} among them"
            )
        model.eval()
        loaded: VideoMAEForPreTraining = model
        return loaded

    def digest(self) -> str:
        """Return what identifies the checkpoint: the hub's commit, or a digest of local files."""
        folder = self.folder
        if folder is None:
            return f"{self.model}@{self._hub_commit()}"
        files = [folder / "config.json", *sorted(folder.glob("*.safetensors"))]
        if len(files) == 1:
            raise CheckpointUnusableError(
                f"--model {self.model!r} holds no *.safetensors; convert its weights "
                "(pickled weights can run code and are never read)"
            )
        digest = hashlib.sha256()
        for file in files:
            with file.open("rb") as opened:
                digest.update(hashlib.file_digest(opened, "sha256").digest())
        return f"sha256:{digest.hexdigest()}"

    def _hub_commit(self) -> str:
        """Return the commit that the revision stands for in the cache."""
        from huggingface_hub import try_to_load_from_cache

        cached = try_to_load_from_cache(self.model, "config.json", revision=self.hub_revision)
        # The cache keeps a file as snapshots/COMMIT/NAME.
        return Path(cached).parent.name if isinstance(cached, str) else self.hub_revision

    def _read(self, reader: Callable[..., Loaded], **options: Any) -> Loaded:
        """Read one part of the checkpoint: from its folder, from the cache, or from the hub."""
        from transformers.utils import logging

        # The stages have a bar of their own.
        logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        folder = self.folder
        source: dict[str, Any] = {"local_files_only": True}
        if folder is None:
            source["revision"] = self.hub_revision
        try:
            return reader(str(folder or self.model), **source, **options)
        except OSError as error:
            if folder is None:
                return self._fetch(reader, **options)
            raise self._unusable(error) from error
        except _damage() as error:
            raise self._unusable(error) from error

    def _fetch(self, reader: Callable[..., Loaded], **options: Any) -> Loaded:
        """Read one part of the checkpoint from the hub, which caches it."""
        try:
            return reader(self.model, revision=self.hub_revision, **options)
        except _damage() as error:
            raise self._unusable(error) from error
        except OSError as error:
            raise CheckpointUnreachableError(
                f"the checkpoint {self.model!r} is not cached here and the hub does not give it "
                f"({_first_line(error)}). Fetch it once where the hub can be reached, with "
                f"'hf download {self.model} --revision {self.hub_revision}', "
                "or give a local checkpoint with --model DIR"
            ) from error

    def _unusable(self, error: BaseException) -> CheckpointUnusableError:
        """Return the error for files that no VideoMAE can be read from."""
        return CheckpointUnusableError(
            f"--model {self.model!r} is no VideoMAE checkpoint: {_first_line(error)}"
        )


def _damage() -> tuple[type[Exception], ...]:
    """Return what transformers raises, beside OSError, on files that are damaged or foreign."""
    from huggingface_hub.errors import StrictDataclassError
    from safetensors import SafetensorError

    kinds = (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)
    return (*kinds, SafetensorError, StrictDataclassError)


def _first_line(error: BaseException) -> str:
    """Return the first line of an error's message, without its full stop."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__).rstrip(".")
