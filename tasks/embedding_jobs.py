"""What is to be embedded of a video, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass

from storage.footage import Sighting
from tasks.encoder.identity import EncoderIdentity
from tasks.selection import LeftOut
from tasks.video.clips import ClipPlan, Sampling
from tasks.video.parts import PartPlan, rows_per_part


@dataclass(frozen=True, slots=True)
class EmbeddingJob:
    """What is missing of one video.

    Attributes:
        sightings: Where the video lies; the first that is there unchanged is read.
        frames: N, its frames.
        clips: Clips without a shard.
        parts: Parts without a shard, ascending.
        shared: Whether other workers of the same run embed other parts of the video.
    """

    sightings: tuple[Sighting, ...]
    frames: int
    clips: int
    parts: tuple[int, ...]
    shared: bool = False

    @property
    def video_id(self) -> str:
        """The video."""
        return self.sightings[0].video_id


@dataclass(frozen=True, slots=True)
class Embedded:
    """What embedding did.

    Attributes:
        clips: Clips that were committed, those that an earlier one stands for among them.
        left_out: Footage that could not be read.
        bytes: Size of the shards that were committed.
        seconds: What that took, loading the encoder left out.
        busy: Videos that another run embeds just now.
        frames: Frames that the clips speak for.
        device: Kind of the device that did it, or empty.
    """

    clips: int = 0
    left_out: tuple[LeftOut, ...] = ()
    bytes: int = 0
    seconds: float = 0.0
    busy: tuple[EmbeddingJob, ...] = ()
    frames: int = 0
    device: str = ""

    def __add__(self, other: Embedded) -> Embedded:
        return Embedded(
            self.clips + other.clips,
            self.left_out + other.left_out,
            self.bytes + other.bytes,
            self.seconds + other.seconds,
            self.busy + other.busy,
            self.frames + other.frames,
            self.device or other.device,
        )


def sampling_of(identity: EncoderIdentity) -> Sampling:
    """Return how an encoder samples a video."""
    return Sampling(identity.clip_frames, identity.tubelet_frames, identity.stride)


def parts_of(identity: EncoderIdentity, frames: int) -> PartPlan:
    """Return the parts in which an encoder's shards keep a video."""
    rows = rows_per_part(identity.patches, identity.patch_sketch)
    return PartPlan(ClipPlan(frames, sampling_of(identity)), rows)
