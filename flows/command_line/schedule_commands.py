"""The commands that schedules run: what is new every night, and the archive beside it."""

from __future__ import annotations

from typing import Annotated, Literal

from flows.command_line.console import session, show
from flows.command_line.options import (
    DEFAULT_ARCHIVE,
    DEFAULT_COMMON,
    DEFAULT_ENCODER,
    DEFAULT_PERIOD,
    DEFAULT_PROFILE_OPTIONS,
    DEFAULT_SCORING,
    DEFAULT_WORKERS,
    ArchiveOptions,
    Common,
    EncoderOptions,
    Flag,
    Many,
    PeriodOptions,
    ProfileChoice,
    ScoringOptions,
    Threshold,
    WorkerOptions,
)
from flows.command_line.results import night_lines, reprocessed_lines


def nightly(
    *,
    footage: Annotated[list[str], Many],
    profile: str = "default",
    normal: Annotated[list[str] | None, Many] = None,
    threshold: Threshold = "auto",
    quiet: Annotated[bool, Flag] = False,
    options: ProfileChoice = DEFAULT_PROFILE_OPTIONS,
    scoring: ScoringOptions = DEFAULT_SCORING,
    encoder: EncoderOptions = DEFAULT_ENCODER,
    workers: WorkerOptions = DEFAULT_WORKERS,
    archive: ArchiveOptions = DEFAULT_ARCHIVE,
    common: Common = DEFAULT_COMMON,
) -> None:
    """Score and report the footage that no earlier night of the profile has reported.

    Args:
        footage: Where footage arrives: files, folders or globs.
        profile: Name of the profile to hold it against.
        normal: Footage of normal days: the profile is built from it at first, and takes in what is
            added there.
        quiet: Write no report where there is nothing new.
    """
    with session(common):
        from flows.run_nightly import run_nightly

        night = run_nightly(
            footage,
            profile,
            normal or [],
            common.warehouse,
            threshold,
            archive.archive(),
            scoring.scoring(),
            options.options(),
            encoder.encoding(),
            quiet,
            workers.chosen(),
        )
    show(night.as_json(), night_lines(night), common.json)


def reprocess(
    *,
    footage: Annotated[list[str], Many],
    normal: Annotated[list[str] | None, Many] = None,
    camera: Annotated[list[str] | None, Many] = None,
    period: PeriodOptions = DEFAULT_PERIOD,
    order: Literal["newest", "oldest"] = "newest",
    profile: str = "default",
    threshold: Threshold = "auto",
    options: ProfileChoice = DEFAULT_PROFILE_OPTIONS,
    scoring: ScoringOptions = DEFAULT_SCORING,
    encoder: EncoderOptions = DEFAULT_ENCODER,
    workers: WorkerOptions = DEFAULT_WORKERS,
    archive: ArchiveOptions = DEFAULT_ARCHIVE,
    common: Common = DEFAULT_COMMON,
) -> None:
    """Embed a part of an archive; with normal footage, score it when all of it is embedded.

    What other encoders have made of it stays. A run that is stopped is taken up by the next.

    Args:
        footage: The archive: files, folders or globs.
        normal: Footage of normal days, for a version of the profile by this encoder.
        camera: Footage of these cameras alone.
        order: What comes first, by when it was recorded.
        profile: Name of the profile.
    """
    with session(common):
        from flows.reprocess_archive import reprocess_archive
        from tasks.archive_part import ArchivePart

        span = period.period()
        done = reprocess_archive(
            footage,
            ArchivePart(since=span.since, until=span.until, cameras=camera or [], order=order),
            normal or [],
            common.warehouse,
            encoder.encoding(),
            profile,
            threshold,
            archive.archive(),
            scoring.scoring(),
            options.options(),
            workers.chosen(),
        )
    show(done.as_json(), reprocessed_lines(done), common.json)
