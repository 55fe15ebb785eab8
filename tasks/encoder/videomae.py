"""The forward pass: frames to one embedding a tubelet, by the mission's own rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tasks.encoder.checkpoint import Checkpoint
from tasks.encoder.device import choose_device
from tasks.encoder.errors import CheckpointUnusableError
from tasks.encoder.geometry import Geometry
from tasks.encoder.sketch import projection, rounded_sketch

if TYPE_CHECKING:
    import torch

Pixels = npt.NDArray[np.float32]  # (C, h, w), resized, cropped and normalised


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
        processor: ``AutoImageProcessor`` of the checkpoint.
        device: Where the model is.
    """

    model: Any
    geometry: Geometry
    processor: Any
    device: torch.device

    def preprocess(self, frame: npt.NDArray[np.uint8]) -> Pixels:
        """Return a frame's pixels as the encoder wants them, (C, h, w) float32.

        The processor treats each frame by itself, so that a clip of T large pictures never has to
        be held: T small ones are.

        Args:
            frame: RGB, (H, W, C) uint8.

        Raises:
            CheckpointUnusableError: The processor's pictures do not fit the encoder.
        """
        # Left to guess, the processor takes a height of 1 or 3 pixels for the channels.
        try:
            batch = self.processor(
                [[frame]], input_data_format="channels_last", return_tensors="np"
            )
        except (ArithmeticError, TypeError, ValueError) as error:
            raise CheckpointUnusableError(
                f"the checkpoint's processor fails ({error}): correct preprocessor_config.json"
            ) from error
        pixels = np.asarray(batch["pixel_values"][0][0], dtype=np.float32)
        size = self.geometry.image_size
        expected = (self.geometry.channels, size, size)
        if pixels.shape != expected:
            raise CheckpointUnusableError(
                f"the checkpoint's processor gives pictures of shape {pixels.shape}, "
                f"its model wants {expected}: correct preprocessor_config.json"
            )
        return pixels

    def encode(self, clips: Sequence[Sequence[Pixels]]) -> npt.NDArray[np.float32]:
        """Return the embeddings of clips, one a tubelet, (N, T // u, D) float32.

        Raises:
            CheckpointUnusableError: The weights give no finite numbers.
        """
        return self.encode_and_sketch(clips, 0).embeddings

    def encode_and_sketch(self, clips: Sequence[Sequence[Pixels]], patch_sketch: int) -> Encoded:
        """Return the embeddings of clips and, of the same forward pass, the sketches.

        Nothing is masked and nothing is random. A tubelet's embedding is the mean of its P patch
        tokens in the encoder's last hidden state; its sketch is each of them by itself, projected.

        Args:
            clips: N clips of T preprocessed frames.
            patch_sketch: K, numbers of a patch in the sketch; 0 for no sketch.

        Raises:
            CheckpointUnusableError: The weights give no finite numbers, or a sketch's are larger
                than float16 holds.
            SketchTooWideError: K is larger than D.
        """
        import torch

        tubelets, patches = self.geometry.tubelets, self.geometry.patches
        pixel_values = torch.from_numpy(np.stack([np.stack(clip) for clip in clips]))
        nothing_masked = torch.zeros((len(clips), tubelets * patches), dtype=torch.bool)
        with torch.inference_mode():
            tokens = self.model.videomae(
                pixel_values.to(self.device),  # (N, T, C, h, w)
                bool_masked_pos=nothing_masked.to(self.device),
            ).last_hidden_state  # (N, T // u * P, D)
            embeddings = tokens.view(len(clips), tubelets, patches, -1).mean(dim=2)
            projected = self._project(tokens, patch_sketch) if patch_sketch else None
        encoded: npt.NDArray[np.float32] = embeddings.float().cpu().numpy()
        if not np.isfinite(encoded).all():
            raise CheckpointUnusableError("the model gives embeddings that are no finite numbers")
        if projected is None:
            return Encoded(encoded, None)
        sketches = rounded_sketch(projected.cpu().numpy())
        return Encoded(encoded, sketches.reshape(len(clips), tubelets, patches, patch_sketch))

    def _project(self, tokens: torch.Tensor, numbers: int) -> torch.Tensor:
        """Return tokens (N, T // u * P, D) in K numbers each, float32."""
        import torch

        fixed = projection(self.geometry.width, numbers).astype(np.float32)
        columns = torch.from_numpy(fixed).to(self.device)
        # Clip by clip: a product's last bits hang on how many rows it has.
        return torch.stack([clip @ columns for clip in tokens.float()])


def rounded(
    embeddings: npt.NDArray[np.float32], precision: str
) -> npt.NDArray[np.float32] | npt.NDArray[np.float16]:
    """Return embeddings in the number format in which they are kept.

    Raises:
        CheckpointUnusableError: The format cannot hold them.
    """
    if precision == "float32":
        return embeddings
    largest = float(np.abs(embeddings).max())
    if largest > np.finfo(np.float16).max:
        raise CheckpointUnusableError(
            f"the model gives embeddings of up to {largest:.4g}, more than float16 holds: "
            "use --precision float32"
        )
    return embeddings.astype(np.float16)


@cache
def load_encoder(checkpoint: Checkpoint, device: str, digest: str = "") -> VideoEncoder:
    """Return the encoder of a checkpoint; it is read once a process.

    Args:
        checkpoint: The checkpoint.
        device: Where the encoder is to run.
        digest: What identifies its content, so that one that was replaced is read again.

    Raises:
        CheckpointUnusableError: It is no VideoMAE checkpoint.
        CheckpointUnreachableError: It is neither cached nor to be had.
        DeviceUnavailableError: The device is not there.
    """
    import torch

    place = choose_device(device)
    torch.backends.cudnn.allow_tf32 = False  # float32 means float32
    model: Any = checkpoint.weights()
    return VideoEncoder(model.to(place), Geometry.of(model.config), checkpoint.processor(), place)
