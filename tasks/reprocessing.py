"""Reprocessing: whether a part of an archive is whole under an encoder, and may be scored."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from prefect import task

from storage.profiles import ProfileRef, newest_by
from storage.warehouse import Warehouse
from tasks.archive_part import ArchivePart, find_part
from tasks.encoder.identity import EncoderIdentity
from tasks.parameters import Archive
from tasks.retrying import STEP
from tasks.scoring import FootageToScore, ReportSummary
from tasks.selection import LeftOut, choose_footage, embedded_shards

NICENESS = 10


@dataclass(frozen=True, slots=True)
class Reprocessed:
    """What reprocessing a part of an archive came to.

    Attributes:
        encoder_id: The encoder.
        videos: Files of the part that are embedded by it as a whole.
        embedded_clips: Clips that were encoded by this run.
        missing: Files of the part, or of the normal footage, that are not embedded yet.
        undated: Files that were left out because nobody knows when they were recorded.
        quarantined: Files that cannot be read.
        report: The report of the part; None without normal footage, or where something is missing.
    """

    encoder_id: str
    videos: int
    embedded_clips: int
    missing: tuple[LeftOut, ...]
    undated: tuple[LeftOut, ...]
    quarantined: tuple[LeftOut, ...]
    report: ReportSummary | None = None

    @property
    def is_complete(self) -> bool:
        """Whether all of it is embedded, so that footage may be scored by this encoder."""
        return not self.missing

    def as_json(self) -> dict[str, Any]:
        """Return it as the command line prints it."""
        told = asdict(self.report) if self.report else {"report": None, "profile": None}
        lists = {
            name: [item.as_json() for item in getattr(self, name)]
            for name in ("missing", "undated")
        }
        return {
            **told,
            "encoder_id": self.encoder_id,
            "videos": self.videos,
            "embedded_clips": self.embedded_clips,
            "quarantined": len(self.quarantined),
            "complete": self.is_complete,
            **lists,
        }


@dataclass(frozen=True, slots=True)
class PartOfArchive:
    """A part of an archive as an encoder has it: what can be scored, and what cannot."""

    to_score: FootageToScore
    undated: tuple[LeftOut, ...]

    @property
    def missing(self) -> tuple[LeftOut, ...]:
        """Files of the part, or of the normal footage, that are not embedded yet."""
        return self.to_score.pending

    def outcome(
        self, identity: EncoderIdentity, clips: int, report: ReportSummary | None
    ) -> Reprocessed:
        """Return what the run came to."""
        return Reprocessed(
            encoder_id=identity.encoder_id,
            videos=len(self.to_score.scored),
            embedded_clips=clips,
            missing=self.missing,
            undated=self.undated,
            quarantined=self.to_score.quarantined,
            report=report,
        )


@task(**STEP)
def give_way() -> None:
    """Let everything else on this machine go first, for as long as this process lives."""
    os.setpriority(os.PRIO_PROCESS, 0, max(NICENESS, os.getpriority(os.PRIO_PROCESS, 0)))


@task(**STEP)
def find_version_by(place: str, name: str, identity: EncoderIdentity) -> ProfileRef | None:
    """Return the newest version of a profile that is of an encoder, if there is one."""
    return newest_by(Warehouse.at(place), name, identity.encoder_id)


@task(**STEP)
def take_stock(
    place: str,
    identity: EncoderIdentity,
    footage: Sequence[str],
    normal: Sequence[str],
    archive: Archive,
    part: ArchivePart,
) -> PartOfArchive:
    """Return what of a part of an archive, and of normal footage, is embedded as a whole."""
    warehouse = Warehouse.at(place)
    found, undated = find_part(warehouse, footage, archive, part)
    whole, absent = embedded_shards(warehouse, identity.encoder_id, found.readable)
    missing = [*found.pending, *absent]
    quarantined = [*found.quarantined]
    if normal:
        known = choose_footage(warehouse, normal, present=True)
        missing += (
            *known.pending,
            *embedded_shards(warehouse, identity.encoder_id, known.readable)[1],
        )
        quarantined += known.quarantined
    scored = tuple(item for item in found.readable if item.video_id in whole)
    return PartOfArchive(
        FootageToScore(scored, tuple(dict.fromkeys(quarantined)), tuple(dict.fromkeys(missing))),
        undated,
    )
