"""What runs are called in Prefect: the night, or the part of the archive."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from prefect.runtime import flow_run

from tasks.archive_part import ArchivePart
from tasks.parameters import Archive


def name_night() -> str:
    """Return the name of a run over new footage: the profile and the site's date."""
    archive = flow_run.parameters.get("archive") or Archive()
    word = "watch" if flow_run.parameters.get("quiet") else "night"
    return f"{word} of {_when(archive)}, profile {flow_run.parameters['profile']}"


def name_reprocessing() -> str:
    """Return the name of a run over an archive: its cameras and its span of time."""
    return f"reprocess {flow_run.parameters.get('part') or ArchivePart()}"


def _when(archive: Archive) -> str:
    """Return when a run was due, by the clock of the site."""
    due = flow_run.scheduled_start_time or datetime.now(UTC)
    return f"{due.astimezone(ZoneInfo(archive.timezone or 'UTC')):%Y-%m-%d %H:%M}"
