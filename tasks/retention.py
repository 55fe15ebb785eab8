"""Retention: which videos and reports go, given how old they are and who needs them.

A video goes or stays as a whole, under every encoder: where a part of it stayed, the next night
would embed the rest anew.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

HOURS = {"h": 1, "d": 24, "w": 7 * 24}
OLDEST = timedelta(days=200 * 365)
_AGE = re.compile(r"([0-9]{1,9})([hdw])", re.ASCII)

Dating = Literal["path", "container", "file"]
What = Literal["all", "reports", "embeddings"]


def parse_age(text: str) -> timedelta:
    """Return the age that a text means.

    Raises:
        ValueError: It means none.
    """
    match = _AGE.fullmatch(text.strip())
    age = timedelta(hours=int(match[1]) * HOURS[match[2]]) if match else timedelta()
    if not timedelta() < age <= OLDEST:
        raise ValueError("an age is a number above 0 and h, d or w behind it, as in 12h, 30d or 8w")
    return age


@dataclass(frozen=True, slots=True)
class Seen:
    """Where a video was seen, and how old it is by that.

    Attributes:
        camera: The camera.
        path: The file, as people are shown it.
        recorded_at: When it was recorded, with a zone; None where that cannot be told.
        dated_by: What says so: the path, the container, or the file's modification time.
    """

    camera: str
    path: str
    recorded_at: datetime | None
    dated_by: Dating | None


@dataclass(frozen=True, slots=True)
class StoredVideo:
    """A video of which something is stored.

    Attributes:
        video_id: The video.
        seen: Where it was seen, by path.
        begun: Whether it is marked as pruned already, so that removing it was broken off.
        folders: Where its shards lie.
        shards: Shards in there.
        size_bytes: What they and its record take.
    """

    video_id: str
    seen: tuple[Seen, ...]
    begun: bool = False
    folders: tuple[str, ...] = ()
    shards: int = 0
    size_bytes: int = 0

    @property
    def youngest(self) -> Seen | None:
        """Where it is youngest; None where one place cannot tell its age, or none is known."""
        dated = [
            (place.recorded_at, place.path, place)
            for place in self.seen
            if place.recorded_at is not None
        ]
        if not dated or len(dated) < len(self.seen):
            return None
        return max(dated, key=lambda item: item[:2])[2]

    @property
    def recorded_at(self) -> datetime | None:
        """When it was recorded, by the place that makes it youngest."""
        return self.youngest.recorded_at if self.youngest else None


@dataclass(frozen=True, slots=True)
class StoredReport:
    """A report.

    Attributes:
        report_id: The report.
        created_at: When it was made, with a zone.
        cameras: Cameras of its videos.
        size_bytes: What its files take.
    """

    report_id: str
    created_at: datetime
    cameras: frozenset[str] = frozenset()
    size_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Needs:
    """What must stay, however old it is.

    Attributes:
        profile_videos: Videos that a version of a profile was built from.
        held_videos: Videos that a held report is about.
        held_reports: Reports that are held.
    """

    profile_videos: frozenset[str] = frozenset()
    held_videos: frozenset[str] = frozenset()
    held_reports: frozenset[str] = frozenset()

    def forbid(self, video: StoredVideo) -> bool:
        """Return whether a video must stay."""
        return video.video_id in self.profile_videos or video.video_id in self.held_videos


@dataclass(frozen=True, slots=True)
class Rule:
    """What goes if nobody needs it.

    Attributes:
        before: What is from before this moment.
        cameras: Of these cameras alone; of any if empty.
        what: Reports, videos, or both.
    """

    before: datetime
    cameras: frozenset[str] = frozenset()
    what: What = "all"

    def wants_video(self, video: StoredVideo) -> bool:
        """Return whether a video goes; where it is seen in several places, if each of them says so.

        One whose removal has begun is gone for everybody else already.
        """
        if self.what == "reports":
            return False
        if video.begun:
            return True
        of_others = self.cameras and any(place.camera not in self.cameras for place in video.seen)
        recorded_at = video.recorded_at
        return not of_others and recorded_at is not None and recorded_at < self.before

    def wants_report(self, report: StoredReport) -> bool:
        """Return whether a report goes; where cameras are named, one that is about them alone."""
        of_these = not self.cameras or (report.cameras and report.cameras <= self.cameras)
        return self.what != "embeddings" and bool(of_these) and report.created_at < self.before


@dataclass(frozen=True, slots=True)
class Choice:
    """What goes, and what stays although the rule wants it to go.

    Attributes:
        videos: Videos that go.
        reports: Reports that go.
        for_profiles: Videos that stay because a profile needs them.
        for_held_reports: Videos that stay because of a held report alone.
        held_reports: Reports that stay because they are held.
        undated: Videos that stay because nothing says how old they are.
    """

    videos: tuple[StoredVideo, ...] = ()
    reports: tuple[StoredReport, ...] = ()
    for_profiles: int = 0
    for_held_reports: int = 0
    held_reports: int = 0
    undated: int = 0


def choose_removals(
    videos: Iterable[StoredVideo], reports: Iterable[StoredReport], needs: Needs, rule: Rule
) -> Choice:
    """Return what goes: whatever the rule wants and nobody needs."""
    known, told = list(videos), list(reports)
    wanted = [video for video in known if rule.wants_video(video)]
    old = [report for report in told if rule.wants_report(report)]
    needed = [video.video_id for video in wanted if needs.forbid(video)]
    for_profiles = sum(video_id in needs.profile_videos for video_id in needed)
    going = tuple(report for report in old if report.report_id not in needs.held_reports)
    undated = sum(not video.begun and video.recorded_at is None for video in known)
    return Choice(
        videos=tuple(video for video in wanted if not needs.forbid(video)),
        reports=going,
        for_profiles=for_profiles,
        for_held_reports=len(needed) - for_profiles,
        held_reports=len(old) - len(going),
        undated=undated if rule.what != "reports" else 0,
    )
