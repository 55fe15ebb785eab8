"""What a run would do, what old things are removed, and which reports are kept from that."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from cyclopts import App, Parameter

from flows.command_line.console import session, show
from flows.command_line.options import (
    DEFAULT_ARCHIVE,
    DEFAULT_COMMON,
    DEFAULT_ENCODER,
    ArchiveOptions,
    Common,
    EncoderOptions,
    Flag,
    Many,
)
from flows.command_line.retention_results import (
    estimate_document,
    estimate_lines,
    prune_document,
    prune_lines,
    report_list_lines,
)

report = App(name="report", help="Work with reports: see them, and keep them from being pruned.")

Ids = Annotated[list[str], Parameter(consume_multiple=True, negative="")]


def plan(
    *,
    footage: Annotated[list[str], Many],
    encoder: EncoderOptions = DEFAULT_ENCODER,
    archive: ArchiveOptions = DEFAULT_ARCHIVE,
    common: Common = DEFAULT_COMMON,
) -> None:
    """Say what a run over footage would embed, and what that takes; changes nothing.

    Args:
        footage: Files, folders (searched recursively) or globs.
    """
    with session(common):
        from flows.estimate_run import estimate_run

        estimate = estimate_run(footage, common.warehouse, encoder.encoding(), archive.archive())
    show(estimate_document(estimate), estimate_lines(estimate), common.json)


def prune(
    *,
    older_than: str,
    camera: Annotated[list[str] | None, Many] = None,
    reports: Annotated[bool, Flag] = False,
    embeddings: Annotated[bool, Flag] = False,
    dry_run: Annotated[bool, Flag] = False,
    common: Common = DEFAULT_COMMON,
) -> None:
    """Remove embeddings and reports that are old and that no profile and no held report needs.

    What is pruned is not embedded again, even where its footage still lies in the archive.

    Args:
        older_than: What is older goes: 12h, 30d or 8w. A video is as old as its recording.
        camera: Videos of these cameras alone, and reports about them alone [default: all].
        reports: Remove reports alone.
        embeddings: Remove embeddings alone.
        dry_run: Say what would go, and remove nothing.
    """
    with session(common):
        from flows.prune_warehouse import prune_warehouse
        from tasks.retention_request import Retention

        retention = Retention(
            older_than=older_than,
            cameras=camera or [],
            what="all" if reports == embeddings else "reports" if reports else "embeddings",
        )
        choice = prune_warehouse(retention, common.warehouse, dry_run)
    show(
        prune_document(choice, older_than, dry_run),
        prune_lines(choice, older_than, dry_run),
        common.json,
    )


@report.command(name="list")
def list_(*, common: Common = DEFAULT_COMMON) -> None:
    """Show every report, oldest first, and whether it is held."""
    with session(common):
        from flows.list_reports import list_reports

        listed = list_reports(common.warehouse)
    document = {"reports": [asdict(entry) for entry in listed]}
    show(document, report_list_lines(listed), common.json)


@report.command
def hold(report_id: Ids, /, *, why: str | None = None, common: Common = DEFAULT_COMMON) -> None:
    """Hold reports: neither they nor the embeddings of their videos are pruned.

    Args:
        report_id: Ids of reports, as 'nightjar report list' names them.
        why: What somebody who finds the hold should know.
    """
    with session(common):
        from flows.hold_report import hold_report

        holds = hold_report(report_id, common.warehouse, why)
    document = {"held": [asdict(entry) for entry in holds]}
    show(document, [f"held {entry.report_id}" for entry in holds], common.json)


@report.command
def release(report_id: Ids, /, *, common: Common = DEFAULT_COMMON) -> None:
    """Release reports that were held: they are pruned when they are old.

    Args:
        report_id: Ids of reports that are held.
    """
    with session(common):
        from flows.release_report import release_report

        holds = release_report(report_id, common.warehouse)
    document = {"released": [asdict(entry) for entry in holds]}
    show(document, [f"released {entry.report_id}" for entry in holds], common.json)
