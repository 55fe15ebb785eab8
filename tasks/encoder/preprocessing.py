"""Preprocessing: frames become the pixels that the checkpoint's own processor makes of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from tasks.encoder.device import on_device
from tasks.encoder.errors import CheckpointUnusableError
from tasks.encoder.geometry import Geometry

if TYPE_CHECKING:
    import torch

FUSED = "fused/1"  # named in the identity of an encoder that uses it: raise it when pixels change
_BILINEAR = 2
_GREYS = 256
_NOISE_SEED = 0
_EDGE = 64  # a multiple of what decoders and their converters take at once

PreprocessingChoice = Literal["processor", "fused"]
Frame = npt.NDArray[np.uint8]  # (H, W, C), RGB
Pixels = npt.NDArray[np.float32]  # (C, h, w), resized, cropped and normalised
# A frame of the encoder's size: (h, w, C) uint8 that ``pixels`` normalises, or pixels already.
Picture = npt.NDArray[np.uint8] | Pixels
Seen = tuple[int, int, int, int]  # (top, bottom, left, right), half-open
# T of them, or one array of all.
Pictures = Sequence[Picture] | npt.NDArray[np.uint8] | npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Fit:
    """How a frame of some size is brought to the encoder's.

    Attributes:
        rows: Rows of the resized frame.
        columns: Columns of the resized frame.
        top: First row of the crop.
        left: First column of the crop.
        size: Rows and columns of the crop.
    """

    rows: int
    columns: int
    top: int
    left: int
    size: int

    def seen(self, height: int, width: int) -> Seen:
        """Return the rows and columns of a frame of some size that the crop hangs on."""
        return (*_spread(self.top, self.size, height / self.rows, height),
                *_spread(self.left, self.size, width / self.columns, width))  # fmt: skip

    def crop(self, resized: Frame) -> Frame:
        """Return the crop of a resized frame."""
        there = resized[self.top : self.top + self.size, self.left : self.left + self.size]
        return np.ascontiguousarray(there)


def _spread(first: int, number: int, scale: float, end: int) -> tuple[int, int]:
    """Return what of a line some neighbours hang on once it is resized, half-open, of even edges.

    A bilinear filter reaches so far to both sides as two pixels of the smaller line are apart.
    """
    reach = max(scale, 1.0)
    begin = math.floor((first + 0.5) * scale - reach) // _EDGE * _EDGE
    ends = -(-math.ceil((first + number - 0.5) * scale + reach) // _EDGE) * _EDGE
    return max(begin, 0), min(ends, end)


@dataclass(slots=True, eq=False)
class Preprocessing:
    """A checkpoint's image processor, and shorter ways to what it does.

    The processor handles pictures as floating-point numbers of their full size. Where it resizes,
    crops and normalises and does nothing else, the same is had from a resized picture of bytes and
    a table of 256 values a colour. For each size of frames that is first tried on noise: where one
    bit differs, the processor itself is used.

    Attributes:
        processor: ``AutoImageProcessor`` of the checkpoint.
        geometry: What the model wants.
        fused: Whether torch resizes in place of PIL: a grey level of 256 off at most, and several
            times as fast.
    """

    processor: Any
    geometry: Geometry
    fused: bool = False
    _fits: dict[tuple[int, int], Fit | None] = field(default_factory=dict)
    _greys: dict[torch.device, torch.Tensor] = field(default_factory=dict)  # (C, 256)

    def picture(self, frame: Frame) -> Picture:
        """Return a frame at the encoder's size.

        Raises:
            CheckpointUnusableError: The processor's pictures do not fit the encoder, or it does
                what the fused way cannot.
        """
        fit = self._fit(*frame.shape[:2])
        return self._processed(frame) if fit is None else self._shrunk(frame, fit)

    def seen(self, height: int, width: int) -> Seen:
        """Return the part of a frame of some size on which its picture hangs.

        Raises:
            CheckpointUnusableError: As ``picture`` does.
        """
        fit = self._fit(height, width)
        return (0, height, 0, width) if fit is None else fit.seen(height, width)

    def pixels(self, pictures: Pictures, device: torch.device) -> torch.Tensor:
        """Return the pixels of T pictures on a device, (T, C, h, w) float32.

        Pictures of bytes go there as they are, a quarter of what their pixels take. A table has the
        same bits everywhere.
        """
        import torch

        stacked = on_device(pictures, device)
        return self._normalised(stacked) if stacked.dtype == torch.uint8 else stacked

    def _fit(self, height: int, width: int) -> Fit | None:
        """Return the short way for frames of a size, tried once."""
        if (height, width) not in self._fits:
            self._fits[height, width] = self._tried(height, width)
        return self._fits[height, width]

    def _tried(self, height: int, width: int) -> Fit | None:
        """Return the short way for frames of a size, or None where it is another way.

        Raises:
            CheckpointUnusableError: The fused way was asked for and there is none.
        """
        import torch

        fit = self._fit_of(height, width)
        if fit is not None:
            noise = np.random.RandomState(_NOISE_SEED).randint(0, _GREYS, (height, width, 3))
            frame = noise.astype(np.uint8)
            short = self.pixels([self._resized_by_pil(frame, fit)], torch.device("cpu"))[0]
            if np.array_equal(short, self._processed(frame)):
                return fit
        if self.fused:
            raise CheckpointUnusableError(
                f"the checkpoint's processor does more with frames of {width} x {height} pixels "
                "than resize, crop and normalise: use --preprocessing processor"
            )
        return None

    def _fit_of(self, height: int, width: int) -> Fit | None:
        """Return how the processor's settings resize and crop frames of a size, or None."""
        from transformers.image_transforms import get_resize_output_image_size

        wanted, crop = self.processor.size, self.processor.crop_size
        size = self.geometry.image_size
        plain = self.processor.do_resize and int(self.processor.resample) == _BILINEAR
        if not plain or not self.processor.do_center_crop or not crop:
            return None
        if (crop["height"], crop["width"]) != (size, size):
            return None
        if wanted.get("shortest_edge"):
            rows, columns = get_resize_output_image_size(
                np.broadcast_to(np.uint8(0), (3, height, width)),
                size=wanted["shortest_edge"],
                default_to_square=False,
                input_data_format="channels_first",
            )
        else:
            rows, columns = wanted.get("height") or 0, wanted.get("width") or 0
        if min(rows, columns) < size:
            return None
        return Fit(rows, columns, (rows - size) // 2, (columns - size) // 2, size)

    def _shrunk(self, frame: Frame, fit: Fit) -> Frame:
        """Return a frame resized and cropped."""
        return (self._resized_by_torch if self.fused else self._resized_by_pil)(frame, fit)

    def _resized_by_pil(self, frame: Frame, fit: Fit) -> Frame:
        from PIL import Image

        resized = Image.fromarray(frame).resize((fit.columns, fit.rows), Image.Resampling.BILINEAR)
        return fit.crop(np.asarray(resized))

    def _resized_by_torch(self, frame: Frame, fit: Fit) -> Frame:
        import torch

        there = torch.from_numpy(frame).permute(2, 0, 1)[None]
        resized = torch.nn.functional.interpolate(
            there, (fit.rows, fit.columns), mode="bilinear", antialias=True
        )
        return fit.crop(resized[0].permute(1, 2, 0).numpy())

    def _normalised(self, pictures: torch.Tensor) -> torch.Tensor:
        """Return the pixels of pictures of bytes, (T, h, w, C) to (T, C, h, w)."""
        import torch

        device = pictures.device
        if device not in self._greys:
            self._greys[device] = on_device([self._table()], device)[0]
        number, height, width, channels = pictures.shape
        pixels = torch.empty((number, channels, height, width), device=device)
        for channel, greys in enumerate(self._greys[device]):
            levels = pictures[..., channel].reshape(-1).int()
            pixels[:, channel] = greys.index_select(0, levels).view(number, height, width)
        return pixels

    def _table(self) -> npt.NDArray[np.float32]:
        """Return what the processor makes of every grey level, (C, 256)."""
        ramp = np.repeat(np.arange(_GREYS, dtype=np.uint8)[:, None, None], 3, axis=2)
        table = self._ask(ramp, do_resize=False, do_center_crop=False)
        return np.ascontiguousarray(table[:, :, 0])

    def _processed(self, frame: Frame) -> Pixels:
        """Return the pixels that the processor itself makes of a frame.

        Raises:
            CheckpointUnusableError: They do not fit the encoder.
        """
        pixels = self._ask(frame)
        size = self.geometry.image_size
        expected = (self.geometry.channels, size, size)
        if pixels.shape != expected:
            raise CheckpointUnusableError(
                f"the checkpoint's processor gives pictures of shape {pixels.shape}, "
                f"its model wants {expected}: correct preprocessor_config.json"
            )
        return pixels

    def _ask(self, frame: Frame, **settings: bool) -> npt.NDArray[np.float32]:
        """Return what the processor makes of a frame.

        Raises:
            CheckpointUnusableError: It fails.
        """
        # Left to guess, the processor takes a height of 1 or 3 pixels for the channels.
        try:
            batch = self.processor(
                [[frame]], input_data_format="channels_last", return_tensors="np", **settings
            )
        except (ArithmeticError, TypeError, ValueError) as error:
            raise CheckpointUnusableError(
                f"the checkpoint's processor fails ({error}): correct preprocessor_config.json"
            ) from error
        return np.asarray(batch["pixel_values"][0][0], dtype=np.float32)
