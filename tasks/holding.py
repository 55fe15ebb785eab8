"""Holding: reports that somebody wants to keep, and with them the embeddings behind them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from prefect import task

from storage.errors import NotStoredError
from storage.holds import Hold, all_holds, hold, remove_hold
from storage.reports import all_reports, has_report
from storage.warehouse import Warehouse
from tasks.retrying import STEP


@dataclass(frozen=True, slots=True)
class ListedReport:
    """A report as the list of reports names it.

    Attributes:
        report_id: The report.
        created_at: When it was made, ISO 8601.
        profile: Its profile's ``name`` and ``version``.
        videos: Videos that it is about.
        events: Events that it tells of.
        held: Whether it is held.
        why: What was said when it was held, or None.
    """

    report_id: str
    created_at: str
    profile: dict[str, str]
    videos: int
    events: int
    held: bool
    why: str | None


@task(**STEP)
def hold_reports(place: str, report_ids: Sequence[str], why: str | None) -> list[Hold]:
    """Hold reports, all or none, and return the holds on them.

    Raises:
        NotStoredError: One of them does not exist.
    """
    warehouse = Warehouse.at(place)
    for report_id in report_ids:
        if not has_report(warehouse, report_id):
            raise NotStoredError(
                f"the warehouse {warehouse.root} holds no report {report_id!r}: "
                "'nightjar report list' names them"
            )
    for report_id in report_ids:
        hold(warehouse, report_id, why)
    held = all_holds(warehouse)
    return [held[report_id] for report_id in dict.fromkeys(report_ids)]


@task(**STEP)
def release_reports(place: str, report_ids: Sequence[str]) -> list[Hold]:
    """Release reports, all or none, and return the holds that were on them.

    Raises:
        NotStoredError: One of them is not held.
    """
    warehouse = Warehouse.at(place)
    held = all_holds(warehouse)
    for report_id in report_ids:
        if report_id not in held:
            raise NotStoredError(
                f"the report {report_id!r} is not held in the warehouse {warehouse.root}: "
                "'nightjar report list' names those that are"
            )
    for report_id in report_ids:
        remove_hold(warehouse, report_id)
    return [held[report_id] for report_id in dict.fromkeys(report_ids)]


@task(**STEP)
def find_reports(place: str) -> list[ListedReport]:
    """Return every report, oldest first."""
    warehouse = Warehouse.at(place)
    held = all_holds(warehouse)
    listed = []
    for entry in all_reports(warehouse):
        name, _, version = entry.profile.partition("@")
        known = held.get(entry.report_id)
        listed.append(
            ListedReport(
                report_id=entry.report_id,
                created_at=entry.created_at,
                profile={"name": name, "version": version},
                videos=len(entry.video_ids),
                events=entry.events,
                held=known is not None,
                why=known.why if known else None,
            )
        )
    return listed
