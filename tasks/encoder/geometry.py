"""The numbers that a VideoMAE's configuration fixes; nothing about the model is known otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import VideoMAEConfig


@dataclass(frozen=True, slots=True)
class Geometry:
    """How an encoder divides what it sees.

    Attributes:
        clip_frames: T, frames that the encoder sees at once.
        tubelet_frames: u, frames that share an embedding.
        image_size: Rows and columns of its pictures, pixels.
        patch_size: Rows and columns of a patch, pixels.
        channels: Colours of a pixel.
        width: D, numbers of an embedding.
    """

    clip_frames: int
    tubelet_frames: int
    image_size: int
    patch_size: int
    channels: int
    width: int

    def __post_init__(self) -> None:
        if not all(isinstance(number, int) and number > 0 for number in self._numbers()):
            raise ValueError(f"a VideoMAE has whole, square sizes, got {self}")
        if self.clip_frames % self.tubelet_frames or self.image_size % self.patch_size:
            raise ValueError(f"frames and pixels do not divide evenly: {self}")

    @classmethod
    def of(cls, config: VideoMAEConfig) -> Geometry:
        """Return the geometry of a model's configuration."""
        return cls(*(getattr(config, name) for name in _CONFIG_NAMES))

    @property
    def tubelets(self) -> int:
        """Tubelets of a clip."""
        return self.clip_frames // self.tubelet_frames

    @property
    def patches(self) -> int:
        """P, patches of a frame."""
        return (self.image_size // self.patch_size) ** 2

    def _numbers(self) -> tuple[object, ...]:
        """Return every number of the geometry."""
        return tuple(getattr(self, name) for name in self.__dataclass_fields__)


_CONFIG_NAMES = (
    "num_frames",
    "tubelet_size",
    "image_size",
    "patch_size",
    "num_channels",
    "hidden_size",
)
