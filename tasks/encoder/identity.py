"""An encoder's identity: everything that decides which numbers a frame's embedding has."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

from tasks.encoder.checkpoint import PROCESSOR_BACKEND, Checkpoint
from tasks.encoder.errors import CheckpointUnusableError
from tasks.encoder.geometry import Geometry
from tasks.encoder.preprocessing import FUSED, PreprocessingChoice
from tasks.encoder.sketch import PROJECTION, check_sketch


@dataclass(frozen=True, slots=True)
class EncoderIdentity:
    """One embedding space; shards and profiles of different encoders are never mixed.

    Attributes:
        checkpoint: The hub's id and commit, or a digest of local files.
        processor: Settings of the preprocessing, by name.
        clip_frames: T, frames that the encoder sees at once.
        tubelet_frames: u, frames that share an embedding.
        stride: s, every s-th frame is sampled.
        patches: P, patches per frame.
        width: D, numbers of an embedding.
        pixel_path: How a file becomes pixels.
        precision: ``float32``, ``float16`` where embeddings are kept in that, ``bfloat16`` where
            the encoder computes in that and they are kept in float32.
        patch_sketch: K, numbers of each patch in the sketch beside an embedding; 0 for no sketch.
        patch_projection: How a patch becomes K numbers.
        preprocessing: How frames are resized, where it is not the processor that does it.
        skip_static: Grey levels by which blocks of a clip may be off from those of an earlier one
            whose embeddings then stand for its own.
    """

    checkpoint: str
    processor: dict[str, Any] = field(hash=False)
    clip_frames: int
    tubelet_frames: int
    stride: int
    patches: int
    width: int
    pixel_path: str
    precision: str = "float32"
    patch_sketch: int = 0
    patch_projection: str = PROJECTION
    preprocessing: str = ""
    skip_static: float = 0.0

    @property
    def encoder_id(self) -> str:
        """A readable name that ends in a digest of the whole identity."""
        text = json.dumps(self.as_json(), sort_keys=True)
        digest = hashlib.sha256(text.encode()).hexdigest()[:12]
        return f"videomae-t{self.clip_frames}u{self.tubelet_frames}s{self.stride}-{digest}"

    def as_json(self) -> dict[str, Any]:
        """Return the identity as a JSON object.

        Of a sketch, of preprocessing that is not the processor's and of clips that stand for others
        it speaks where there are any: so encoders from before there were keep their ids.
        """
        known = {name: getattr(self, name) for name in self.__dataclass_fields__}
        if not self.patch_sketch:
            known = {name: said for name, said in known.items() if not name.startswith("patch_")}
        later = ("preprocessing", "skip_static")
        return {name: said for name, said in known.items() if said or name not in later}


def identify_encoder(
    checkpoint: Checkpoint,
    stride: int,
    pixel_path: str,
    precision: str = "float32",
    patch_sketch: int = 0,
    preprocessing: PreprocessingChoice = "processor",
    skip_static: float = 0.0,
) -> EncoderIdentity:
    """Return the identity of a checkpoint used with a stride; reads no weights into memory.

    Raises:
        CheckpointUnusableError: It is no VideoMAE checkpoint, or its sizes do not divide.
        CheckpointUnreachableError: It is neither cached nor to be had.
        SketchTooWideError: Its tokens have fewer numbers than the sketch is to have.
    """
    config = checkpoint.config()
    try:
        geometry = Geometry.of(config)
    except ValueError as error:
        raise CheckpointUnusableError(f"--model {checkpoint.model!r}: {error}") from error
    check_sketch(geometry.width, patch_sketch)
    settings = json.loads(checkpoint.processor().to_json_string())
    return EncoderIdentity(
        checkpoint=checkpoint.digest(),
        processor={**settings, "backend": PROCESSOR_BACKEND},
        clip_frames=geometry.clip_frames,
        tubelet_frames=geometry.tubelet_frames,
        stride=stride,
        patches=geometry.patches,
        width=geometry.width,
        pixel_path=pixel_path,
        precision=precision,
        patch_sketch=patch_sketch,
        preprocessing=FUSED if preprocessing == "fused" else "",
        skip_static=skip_static,
    )
