"""What readers, encoders and the one who commits tell each other of videos and clips."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tasks.encoder.preprocessing import Picture
from tasks.video.clips import Clip
from tasks.video.decoding import VideoShape
from tasks.video.errors import VideoError
from tasks.video.parts import PartPlan


@dataclass(frozen=True, slots=True)
class VideoToRead:
    """A video whose clips are to be encoded.

    Attributes:
        number: Its place among the videos: earlier ones go first.
        path: Where it lies.
        shape: What a reader must find there.
        parts: Its parts.
        wanted: Those whose clips are to be encoded, ascending.
    """

    number: int
    path: str
    shape: VideoShape
    parts: PartPlan
    wanted: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ClipPlace:
    """Where a clip belongs, and how its frames were had.

    Attributes:
        video: Number of its video.
        part: Its part of the video.
        clip: Itself.
        decoder: Decoder of its frames.
        reason: Why that was not decord, or empty.
        looks_like: An earlier clip that would have stood for it: it is encoded all the same, to see
            what that costs. Else None.
    """

    video: int
    part: int
    clip: Clip
    decoder: str
    reason: str
    looks_like: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class ClipRead:
    """A clip's pictures, for the encoder."""

    place: ClipPlace
    pictures: list[Picture]

    @property
    def video(self) -> int:
        """Number of its video."""
        return self.place.video


@dataclass(frozen=True, slots=True, eq=False)
class ClipEncoded:
    """What became of a clip.

    Attributes:
        place: Where it belongs.
        embeddings: One a tubelet, (T // u, D) float32.
        sketches: One a patch of a tubelet, (T // u, P, K) float16, or None where K is 0.
    """

    place: ClipPlace
    embeddings: npt.NDArray[np.float32]
    sketches: npt.NDArray[np.float16] | None


@dataclass(frozen=True, slots=True)
class ClipRepeated:
    """A clip that shows what an earlier one of its part shows, and is not encoded.

    Attributes:
        place: Where it belongs.
        earlier: Index of the clip whose embeddings are its own.
    """

    place: ClipPlace
    earlier: int


@dataclass(frozen=True, slots=True)
class VideoRead:
    """The end of reading a video; outcomes of some of its clips may be on their way.

    Attributes:
        video: Its number.
        clips: Clips that were read.
        error: What ended it early, or None.
    """

    video: int
    clips: int
    error: VideoError | None


Outcome = ClipEncoded | ClipRepeated | VideoRead
