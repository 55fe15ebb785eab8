"""What a profile was built from: it decides everything else that a version says."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

FORMAT = 2  # of what is computed from the same lineage; another number is another profile


@dataclass(frozen=True, slots=True)
class ProfileVideo:
    """Normal footage as a profile remembers it.

    Attributes:
        video_id: The video.
        camera: The camera that recorded it.
        recorded_at: When it begins, ISO 8601, or None.
        spans: Half-open spans of frames that are normal, ascending; None means all of them.
    """

    video_id: str
    camera: str
    recorded_at: str | None = None
    spans: tuple[tuple[int, int], ...] | None = None

    def __post_init__(self) -> None:
        edges = [edge for span in self.spans or () for edge in span]
        if self.spans == () or edges != sorted(edges) or (edges and edges[0] < 0):
            raise ValueError(f"spans of frames ascend, at least one, got {self}")

    @classmethod
    def from_json(cls, known: Mapping[str, Any]) -> ProfileVideo:
        """Read it as a profile's document holds it."""
        spans = known["spans"]
        return cls(
            known["video_id"],
            known["camera"],
            known["recorded_at"],
            None if spans is None else tuple((int(start), int(end)) for start, end in spans),
        )

    @property
    def is_whole(self) -> bool:
        """Whether all of its frames are normal, and not only what people have called so."""
        return self.spans is None

    def with_spans(self, other: ProfileVideo) -> ProfileVideo:
        """Return the video with the frames that either of the two calls normal."""
        if self.spans is None or other.spans is None:
            return ProfileVideo(self.video_id, self.camera, self.recorded_at)
        joined: list[tuple[int, int]] = []
        for start, end in sorted({*self.spans, *other.spans}):
            if joined and start <= joined[-1][1]:
                joined[-1] = (joined[-1][0], max(joined[-1][1], end))
            else:
                joined.append((start, end))
        return ProfileVideo(self.video_id, self.camera, self.recorded_at, tuple(joined))


@dataclass(frozen=True, slots=True)
class ProfileLineage:
    """What a profile was built from.

    Attributes:
        encoder_id: The embedding space it belongs to.
        encoder: That encoder's whole identity.
        footage: The normal videos, in the order of their ids.
        options: How they were summed up.
        left_out: Intervals of theirs that do not count, each with a ``video_id`` and a ``kind``.
        made_by: The command that chose the footage, for people; the digest passes it over.
    """

    encoder_id: str
    encoder: Mapping[str, Any] = field(hash=False)
    footage: tuple[ProfileVideo, ...]
    options: Mapping[str, Any] = field(hash=False)
    left_out: tuple[Mapping[str, Any], ...] = field(hash=False)
    made_by: str

    @property
    def digest(self) -> str:
        """What tells this lineage from every other."""
        words = {name: value for name, value in self.as_json().items() if name != "made_by"}
        return hashlib.sha256(json.dumps(words, sort_keys=True).encode()).hexdigest()

    @property
    def frames_left_out(self) -> int:
        """How many frames do not count, those left out for several reasons once."""
        reached: dict[str, int] = {}
        count = 0
        for interval in sorted(self.left_out, key=lambda interval: interval["frame_start"]):
            start = max(interval["frame_start"], reached.get(interval["video_id"], 0))
            count += max(interval["frame_end"] - start, 0)
            reached[interval["video_id"]] = max(start, interval["frame_end"])
        return count

    def as_json(self) -> dict[str, Any]:
        """Return it as a profile's document holds it."""
        return {
            "format": FORMAT,
            "encoder_id": self.encoder_id,
            "encoder": dict(self.encoder),
            "footage": [asdict(video) for video in self.footage],
            "options": dict(self.options),
            "left_out": [dict(interval) for interval in self.left_out],
            "made_by": self.made_by,
        }

    @classmethod
    def from_json(cls, known: Mapping[str, Any]) -> ProfileLineage:
        """Read it as a profile's document holds it.

        Raises:
            ValueError: Another version of nightjar has written it.
        """
        if known.get("format") != FORMAT:
            raise ValueError(
                f"this profile is of format {known.get('format', 1)}, not {FORMAT}: another "
                "version of nightjar has built it; build it again with 'nightjar profile build'"
            )
        return cls(
            known["encoder_id"],
            known["encoder"],
            tuple(map(ProfileVideo.from_json, known["footage"])),
            known["options"],
            tuple(known["left_out"]),
            known["made_by"],
        )
