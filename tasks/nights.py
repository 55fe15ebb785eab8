"""Nights: footage that no earlier night of a profile has reported is scored and reported, once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

from prefect import task
from prefect.artifacts import create_markdown_artifact

from storage.footage import Sighting
from storage.night_ledger import merge_nights, reported_among
from storage.nights import Night, ReportedFile, record_night
from storage.profiles import ProfileRef, encoder_of, newest_by, versions_of
from storage.turns import Turn, await_turn
from storage.warehouse import Warehouse
from tasks.encoder.identity import EncoderIdentity
from tasks.normality.errors import IncompatibleProfileError, NoNormalFootageError
from tasks.retrying import STEP
from tasks.scoring import FootageToScore, ReportSummary
from tasks.selection import LeftOut
from tasks.video.search import printable


@dataclass(frozen=True, slots=True)
class NightSummary:
    """What a night comes to.

    Attributes:
        profile: The profile that footage was held against.
        new_videos: Files that no earlier night has reported.
        embedded_clips: Clips that were encoded.
        pending: Files that are left for the next night.
        report: Its report; None where nothing was new and it was to be quiet about that.
    """

    profile: dict[str, str]
    new_videos: int
    embedded_clips: int
    pending: int
    report: ReportSummary | None = None

    def as_json(self) -> dict[str, Any]:
        """Return it as the command line prints it: the report's summary, and what was new."""
        counts = ("videos", "frames", "flagged_frames", "events", "quarantined")
        told = asdict(self.report) if self.report else {"report": None, **dict.fromkeys(counts, 0)}
        own = asdict(self)
        del own["report"]
        return {**told, **own}


@task(**STEP)
def find_own_version(
    place: str, name: str, identity: EncoderIdentity, normal: Sequence[str]
) -> ProfileRef | None:
    """Return the newest version of a profile that is of this encoder, if there is one.

    Raises:
        NoNormalFootageError: There is no such profile, and no normal footage to build it from.
        IncompatibleProfileError: There is one, but of other encoders only, and no normal footage.
    """
    warehouse = Warehouse.at(place)
    own = newest_by(warehouse, name, identity.encoder_id)
    if own is None and not normal:
        others = versions_of(warehouse, name)
        if not others:
            raise NoNormalFootageError(
                f"the warehouse {warehouse.root} has no profile {name!r}: give footage of normal "
                "days with --normal, or build one with 'nightjar profile'"
            )
        raise IncompatibleProfileError(
            f"the profile {others[-1]} was built with the encoder "
            f"{encoder_of(warehouse, others[-1])}, but this night embeds by "
            f"{identity.encoder_id}: give footage of normal days with --normal, or the model and "
            "the sampling of the profile"
        )
    return own


@contextmanager
def turn_of(place: str, name: str) -> Iterator[None]:
    """Wait until no other night of a profile reports, and let none until the block ends."""
    with wait_for_other_nights(place, name).kept():
        yield


@task(**STEP)
def wait_for_other_nights(place: str, name: str) -> Turn:
    """Wait until no other night of a profile reports: it is done, or gone."""
    return await_turn(Warehouse.at(place), name)


@task(**STEP)
def leave_out_reported(place: str, name: str, footage: FootageToScore) -> FootageToScore:
    """Return the footage without the videos and the quarantined files of earlier nights."""
    asked = {*map(_scored, footage.scored), *map(_unreadable, footage.quarantined)}
    known = reported_among(Warehouse.at(place), name, asked)
    return replace(
        footage,
        scored=tuple(item for item in footage.scored if _scored(item).key not in known),
        quarantined=tuple(
            item for item in footage.quarantined if _unreadable(item).key not in known
        ),
    )


@task(**STEP)
def remember_night(place: str, name: str, report: ReportSummary, footage: FootageToScore) -> None:
    """Commit what a report was about, so that the next night leaves it out."""
    warehouse = Warehouse.at(place)
    files = [*map(_scored, footage.scored), *map(_unreadable, footage.quarantined)]
    now = datetime.now(UTC).isoformat(timespec="seconds")
    report_id = report.report.rpartition("/")[2]
    if files:
        record_night(warehouse, Night(name, report_id, now, tuple(files)))
        merge_nights(warehouse, name)


@task(**STEP)
def publish_night(night: NightSummary) -> None:
    """Show in Prefect what a night came to."""
    report = night.report
    profile = f"{night.profile['name']}@{night.profile['version']}"
    lines = [f"# {_headline(night)}", "", "| | |", "| --- | --- |", f"| profile | {profile} |"]
    if report:
        lines += [
            f"| new videos | {night.new_videos:,} |",
            f"| frames above the threshold | {report.flagged_frames:,} of {report.frames:,} |",
            f"| files that cannot be read | {report.quarantined:,} |",
            f"| cameras that did not see well, stretches | {report.health_intervals:,} |",
        ]
    lines += [
        f"| left for the next night | {night.pending:,} |",
        f"| clips embedded | {night.embedded_clips:,} |",
    ]
    if report:
        lines += ["", f"Report: `{report.report}/report.html`"]
    create_markdown_artifact("\n".join(lines), key="nightjar-night", description=_headline(night))


def sum_up_night(
    ref: ProfileRef, footage: FootageToScore, clips: int, report: ReportSummary | None
) -> NightSummary:
    """Return what a night comes to."""
    return NightSummary(
        profile={"name": ref.name, "version": ref.version},
        new_videos=len(footage.scored),
        embedded_clips=clips,
        pending=len(footage.pending),
        report=replace(report, embedded_clips=clips) if report else None,
    )


def _headline(night: NightSummary) -> str:
    """Return a night in one line."""
    if not night.report or not (night.new_videos or night.report.quarantined):
        return "Nothing new"
    return f"{night.report.events:,} events in {night.new_videos:,} new videos"


def _scored(sighting: Sighting) -> ReportedFile:
    """Return a file that was scored."""
    return ReportedFile(printable(sighting.path), sighting.video_id)


def _unreadable(item: LeftOut) -> ReportedFile:
    """Return a file that could not be read."""
    return ReportedFile(item.path, reason=item.reason)
