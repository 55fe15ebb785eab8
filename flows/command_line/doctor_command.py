"""The command that says what is ready; the one that is no face of a flow."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from flows.command_line.console import FAILED, session, show
from flows.command_line.options import DEFAULT_COMMON, DEFAULT_ENCODER, Common, EncoderOptions

if TYPE_CHECKING:
    from tasks.readiness import Check


def doctor(*, encoder: EncoderOptions = DEFAULT_ENCODER, common: Common = DEFAULT_COMMON) -> None:
    """Say what is ready and what is not, each with its remedy; exits with 1 if something fails.

    Packages, decoders, device, checkpoint, warehouse, Prefect server, workers, schedule and the
    last night. A warning is something that work can begin without, as a Prefect server.
    """
    with session(common, runs_flow=False):
        from tasks.diagnosis import diagnose, is_ready

        checks = diagnose(common.warehouse, encoder.encoding())
    ready = is_ready(checks)
    document = {"ready": ready, "checks": [asdict(check) for check in checks]}
    show(document, doctor_lines(checks), common.json)
    if not ready:
        sys.exit(FAILED)


def doctor_lines(checks: Sequence[Check]) -> list[str]:
    """Return a diagnosis in words."""
    width = max(len(check.name) for check in checks)
    lines = []
    for check in checks:
        lines.append(f"{check.state:<7}  {check.name:<{width}}  {check.what}")
        if check.remedy:
            lines.append(f"{'':<{width + 11}}remedy: {check.remedy}")
    count = Counter(check.state for check in checks)
    return [*lines, f"{count['failing']} failing, {count['warning']} warnings, {count['ok']} ok"]
