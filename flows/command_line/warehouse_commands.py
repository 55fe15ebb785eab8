"""The commands that look after a warehouse: its quarantine, its soundness."""

from __future__ import annotations

import sys
from typing import Annotated

from cyclopts import App

from flows.command_line.console import FAILED, session, show
from flows.command_line.options import DEFAULT_COMMON, Common, Flag, Many
from flows.command_line.results import quarantine_result, repair_result, verdict_result

quarantine = App(name="quarantine", help="Work with footage that cannot be read.")


@quarantine.command(name="list")
def list_(
    *, footage: Annotated[list[str] | None, Many] = None, common: Common = DEFAULT_COMMON
) -> None:
    """Show the footage that cannot be read, with the reasons.

    Args:
        footage: Quarantined files: paths, folders, globs or camera:NAME [default: all].
    """
    with session(common):
        from flows.list_quarantine import list_quarantine

        entries = list_quarantine(common.warehouse, footage or [])
    show(*quarantine_result("quarantined", entries), common.json)


@quarantine.command
def retry(
    *, footage: Annotated[list[str] | None, Many] = None, common: Common = DEFAULT_COMMON
) -> None:
    """Try quarantined footage again.

    Args:
        footage: Quarantined files: paths, folders, globs or camera:NAME [default: all].
    """
    with session(common):
        from flows.retry_quarantine import retry_quarantine

        entries = retry_quarantine(common.warehouse, footage or [])
    show(*quarantine_result("quarantined", entries), common.json)


@quarantine.command
def drop(*, footage: Annotated[list[str], Many], common: Common = DEFAULT_COMMON) -> None:
    """Forget quarantined footage, as when the files are gone.

    Args:
        footage: Quarantined files: paths, folders, globs or camera:NAME.
    """
    with session(common):
        from flows.drop_quarantine import drop_quarantine

        entries = drop_quarantine(footage, common.warehouse)
    show(*quarantine_result("dropped", entries), common.json)


def verify(*, common: Common = DEFAULT_COMMON) -> None:
    """Check that everything in the warehouse is what it should be; exits with 1 if not.

    Every shard, record, profile and report is read whole. Nothing is changed.
    """
    with session(common):
        from flows.verify_warehouse import verify_warehouse

        verdict = verify_warehouse(common.warehouse)
    show(*verdict_result(verdict), common.json)
    if verdict.findings:
        sys.exit(FAILED)


def repair(*, dry_run: Annotated[bool, Flag] = False, common: Common = DEFAULT_COMMON) -> None:
    """Remove what is damaged or of no use, so that the next run makes it again.

    Profiles and reports are never removed. Exits with 1 if something is left that neither this nor
    the next run mends.

    Args:
        dry_run: Show what would be removed, and change nothing.
    """
    with session(common):
        from flows.repair_warehouse import repair_warehouse

        done = repair_warehouse(common.warehouse, dry_run)
    show(*repair_result(done), common.json)
    if done.needs_a_hand:
        sys.exit(FAILED)
