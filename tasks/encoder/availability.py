"""Whether a checkpoint is at hand, told without loading or fetching its weights."""

from __future__ import annotations

from pathlib import Path

from tasks.encoder.checkpoint import Checkpoint
from tasks.encoder.errors import CheckpointUnreachableError, CheckpointUnusableError

PARTS = ("config.json", "preprocessor_config.json")
WEIGHTS = ("model.safetensors", "model.safetensors.index.json")
ASK_S = 5.0


def find_checkpoint(checkpoint: Checkpoint) -> str:
    """Return in words where the checkpoint comes from: a folder, the cache, or the hub.

    Raises:
        CheckpointUnusableError: What is there is no VideoMAE, or has no safetensors.
        CheckpointUnreachableError: It is neither cached, nor does the hub give it.
    """
    folder = checkpoint.folder
    if folder is not None:
        _check_folder(checkpoint, folder)
        return f"{checkpoint.model}, a local folder"
    if _is_cached(checkpoint):
        checkpoint.config()
        return f"{checkpoint.model} at {checkpoint.hub_revision}, cached"
    return _ask_hub(checkpoint)


def _check_folder(checkpoint: Checkpoint, folder: Path) -> None:
    """Refuse a folder that lacks a part of a VideoMAE."""
    checkpoint.config()
    checkpoint.processor()
    if not any(folder.glob("*.safetensors")):
        raise CheckpointUnusableError(f"--model {checkpoint.model!r} holds no *.safetensors")


def _is_cached(checkpoint: Checkpoint) -> bool:
    """Return whether every part lies in the hub's cache."""
    from huggingface_hub import try_to_load_from_cache

    def lies_there(name: str) -> bool:
        where = try_to_load_from_cache(checkpoint.model, name, revision=checkpoint.hub_revision)
        return isinstance(where, str)

    return all(map(lies_there, PARTS)) and any(map(lies_there, WEIGHTS))


def _ask_hub(checkpoint: Checkpoint) -> str:
    """Return that the hub has the checkpoint; nothing is fetched."""
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HTTPError  # type: ignore[attr-defined]  # of its client

    try:
        info = HfApi().model_info(checkpoint.model, revision=checkpoint.hub_revision, timeout=ASK_S)
    except (HTTPError, OSError, ValueError) as error:
        reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise CheckpointUnreachableError(
            f"{checkpoint.model} is not cached here and the hub does not give it ({reason})"
        ) from error
    names = {file.rfilename for file in info.siblings or ()}
    if not names & {*WEIGHTS}:
        raise CheckpointUnusableError(f"{checkpoint.model} holds no safetensors on the hub")
    return f"{checkpoint.model}, which the first run fetches from the hub"
