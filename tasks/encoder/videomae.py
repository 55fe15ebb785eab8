"""The forward pass: frames to one embedding a tubelet, by the mission's own rules."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tasks.encoder.checkpoint import Checkpoint
from tasks.encoder.device import choose_device, to_host, turns_on
from tasks.encoder.errors import CheckpointUnusableError
from tasks.encoder.geometry import Geometry
from tasks.encoder.preprocessing import (
    Frame,
    Pictures,
    Pixels,
    Preprocessing,
    PreprocessingChoice,
)
from tasks.encoder.sketch import projection_on, rounded_sketch

if TYPE_CHECKING:
    import torch


Clips = Sequence[Pictures]  # N of them, each of T pictures


@dataclass(frozen=True, slots=True, eq=False)
class Encoded:
    """What the encoder says of some clips.

    Attributes:
        embeddings: One a tubelet, (N, T // u, D) float32.
        sketches: One a patch of a tubelet, (N, T // u, P, K) float16, or None where K is 0.
    """

    embeddings: npt.NDArray[np.float32]
    sketches: npt.NDArray[np.float16] | None


@dataclass(frozen=True, slots=True, eq=False)
class VideoEncoder:
    """A loaded VideoMAE and its preprocessing.

    Attributes:
        model: ``VideoMAEForPreTraining``; only its encoder is run, never its decoder.
        geometry: What its configuration says.
        preprocessing: What comes before it.
        device: Where the model is.
        in_bfloat16: Whether matrices are multiplied in bfloat16, by torch's autocast.
        turn: What a thread holds while it says what the device is to do.
    """

    model: Any
    geometry: Geometry
    preprocessing: Preprocessing
    device: torch.device
    in_bfloat16: bool = False
    turn: AbstractContextManager[Any] = field(default_factory=nullcontext)

    def preprocess(self, frame: Frame) -> Pixels:
        """Return a frame's pixels as the encoder wants them, (C, h, w) float32.

        Args:
            frame: RGB, (H, W, C) uint8.

        Raises:
            CheckpointUnusableError: The processor's pictures do not fit the encoder.
        """
        import torch

        picture = self.preprocessing.picture(frame)
        pixels: Pixels = self.preprocessing.pixels([picture], torch.device("cpu"))[0].numpy()
        return pixels

    def encode(self, clips: Clips) -> npt.NDArray[np.float32]:
        """Return the embeddings of clips, one a tubelet, (N, T // u, D) float32.

        Raises:
            CheckpointUnusableError: The weights give no finite numbers.
        """
        return self.encode_and_sketch(clips, 0).embeddings

    def encode_and_sketch(self, clips: Clips, patch_sketch: int, fill_up: int = 0) -> Encoded:
        """Return the embeddings of clips and, of the same forward pass, the sketches.

        Nothing is masked and nothing is random. A tubelet's embedding is the mean of its P patch
        tokens in the encoder's last hidden state; its sketch is each of them by itself, projected.

        Args:
            clips: N clips.
            patch_sketch: K, numbers of a patch in the sketch; 0 for no sketch.
            fill_up: Clips that the model is given at once at least; what lacks shows nothing. A
                product's last bits hang on how many rows it has.

        Raises:
            CheckpointUnusableError: The weights give no finite numbers, or a sketch's are larger
                than float16 holds.
            SketchTooWideError: K is larger than D.
        """
        import torch

        tubelets, patches = self.geometry.tubelets, self.geometry.patches
        with self.turn, torch.inference_mode():
            tokens = self._tokens(self._pixel_values(clips, fill_up))[: len(clips)]
            embeddings = tokens.view(len(clips), tubelets, patches, -1).mean(dim=2)
            projected = [self._project(tokens, patch_sketch)] if patch_sketch else []
            arrived = to_host([embeddings, *projected])
        encoded, *projections = arrived()
        if not np.isfinite(encoded).all():
            raise CheckpointUnusableError("the model gives embeddings that are no finite numbers")
        if not projections:
            return Encoded(encoded, None)
        sketches = rounded_sketch(projections[0])
        return Encoded(encoded, sketches.reshape(len(clips), tubelets, patches, patch_sketch))

    def _pixel_values(self, clips: Clips, fill_up: int) -> torch.Tensor:
        """Return clips, and what shows nothing up to a number, (N, T, C, h, w) on the device."""
        import torch

        pixels = [self.preprocessing.pixels(clip, self.device) for clip in clips]
        lacking = [torch.zeros_like(pixels[0])] * (fill_up - len(clips))
        return torch.stack([*pixels, *lacking])

    def _tokens(self, pixel_values: torch.Tensor) -> torch.Tensor:
        """Return the tokens of clips, (N, T // u * P, D) float32."""
        import torch

        shape = (len(pixel_values), self.geometry.tubelets * self.geometry.patches)
        nothing_masked = torch.zeros(shape, dtype=torch.bool, device=self.device)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.in_bfloat16):
            out = self.model.videomae(pixel_values, bool_masked_pos=nothing_masked)
        tokens: torch.Tensor = out.last_hidden_state.float()
        return tokens

    def _project(self, tokens: torch.Tensor, numbers: int) -> torch.Tensor:
        """Return tokens (N, T // u * P, D) in K numbers each, float32."""
        import torch

        columns = projection_on(self.device, self.geometry.width, numbers)
        # Clip by clip: a product's last bits hang on how many rows it has.
        return torch.stack([clip @ columns for clip in tokens])


def rounded(
    embeddings: npt.NDArray[np.float32], precision: str
) -> npt.NDArray[np.float32] | npt.NDArray[np.float16]:
    """Return embeddings in the number format in which they are kept.

    Raises:
        CheckpointUnusableError: The format cannot hold them.
    """
    if precision != "float16":
        return embeddings
    largest = float(np.abs(embeddings).max())
    if largest > np.finfo(np.float16).max:
        raise CheckpointUnusableError(
            f"the model gives embeddings of up to {largest:.4g}, more than float16 holds: "
            "use --precision float32"
        )
    return embeddings.astype(np.float16)


@cache
def load_encoder(
    checkpoint: Checkpoint,
    device: str,
    digest: str = "",
    preprocessing: PreprocessingChoice = "processor",
    in_bfloat16: bool = False,
) -> VideoEncoder:
    """Return the encoder of a checkpoint; it is read once a process.

    Args:
        checkpoint: The checkpoint.
        device: Where the encoder is to run.
        digest: What identifies its content, so that one that was replaced is read again.
        preprocessing: Who resizes frames.
        in_bfloat16: Whether matrices are multiplied in bfloat16.

    Raises:
        CheckpointUnusableError: It is no VideoMAE checkpoint.
        CheckpointUnreachableError: It is neither cached nor to be had.
        DeviceUnavailableError: The device is not there.
    """
    import torch

    place = choose_device(device)
    torch.backends.cudnn.allow_tf32 = False  # float32 means float32
    model: Any = checkpoint.weights()
    geometry = Geometry.of(model.config)
    before = Preprocessing(checkpoint.processor(), geometry, preprocessing == "fused")
    # No buffer of the model's, so each forward pass would copy it there and wait for that.
    embeddings = model.videomae.embeddings
    embeddings.position_embeddings = embeddings.position_embeddings.to(place)
    return VideoEncoder(model.to(place), geometry, before, place, in_bfloat16, turns_on(place))
