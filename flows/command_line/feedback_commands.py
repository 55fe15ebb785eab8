"""What people say of events."""

from __future__ import annotations

import csv
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from flows.command_line.console import session, show, wrong_usage
from flows.command_line.options import DEFAULT_COMMON, Common
from flows.command_line.profile_results import regression_lines

if TYPE_CHECKING:
    from tasks.feedback import AlarmChange, Learned

VERDICTS: dict[str, Literal["normal", "anomaly"]] = {"normal": "normal", "anomaly": "anomaly"}


def feedback(
    event_id: str | None = None,
    verdict: Literal["normal", "anomaly"] | None = None,
    /,
    *,
    file: Annotated[Path | None, Parameter(negative="")] = None,
    common: Common = DEFAULT_COMMON,
) -> None:
    """Say what an event was: normal frames are learned, anomalies never are. Embeds nothing.

    A new version of the profile is built, its thresholds are set anew, and the alarms are shown
    that vanish from the event's report, and those that appear.

    Args:
        event_id: The event, as reports and their events.csv name it.
        verdict: What it was.
        file: Many at once: a CSV file with the columns event_id and verdict, as the report's page
            saves it.
    """
    verdicts: dict[str, Literal["normal", "anomaly"]]
    if file is not None and event_id is None:
        verdicts = _verdicts_in(file)
    elif file is None and event_id is not None and verdict is not None:
        verdicts = {event_id: verdict}
    else:
        wrong_usage("give EVENT_ID and normal or anomaly, or --file with many of them")
    with session(common):
        from flows.give_feedback import give_feedback

        learned = give_feedback(verdicts, common.warehouse)
    document = {"feedback": verdicts, "profiles": [*map(_document, learned)], "embedded_clips": 0}
    show(document, [line for item in learned for line in _lines(item)], common.json)


def _verdicts_in(file: Path) -> dict[str, Literal["normal", "anomaly"]]:
    """Return the verdicts of a file, by event."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as opened:
            rows = list(csv.DictReader(opened))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        wrong_usage(f"--file {file} cannot be read: {error}")
    for number, row in enumerate(rows, start=2):
        if not row.get("event_id") or row.get("verdict") not in VERDICTS:
            wrong_usage(
                f"--file {file}, line {number}: a row has an event_id and a verdict, normal or "
                f"anomaly, got {dict(row)}"
            )
    if not rows:
        wrong_usage(f"--file {file} holds no row below its heading event_id,verdict")
    return {row["event_id"].strip(): VERDICTS[row["verdict"]] for row in rows}


def _document(learned: Learned) -> dict[str, Any]:
    """Return what came of feedback on one profile as a JSON object."""
    return {
        "profile": {"name": learned.profile.name, "version": learned.profile.version},
        "new": learned.profile.is_new,
        "reports": [asdict(change) for change in learned.changes],
        "regression": asdict(learned.profile.regression),
    }


def _lines(learned: Learned) -> list[str]:
    """Return what came of feedback on one profile in words."""
    word = "" if learned.profile.is_new else ", unchanged"
    lines = [f"profile {learned.profile.selector}{word}"]
    for change in learned.changes:
        lines += _change_lines(change)
    return [*lines, *regression_lines(learned.profile.regression)]


def _change_lines(change: AlarmChange) -> list[str]:
    """Return what a new version means for a report in words."""
    lines = [
        f"of the {change.alarms} alarms of report {change.report_id}, {len(change.vanished)} "
        f"vanish; {len(change.appeared)} appear"
    ]
    for word, alarms in (("vanishes", change.vanished), ("appears", change.appeared)):
        lines += [
            f"  {word}: {alarm.camera}, {alarm.path}, frames {alarm.frame_start} to "
            f"{alarm.frame_end - 1}"
            for alarm in alarms
        ]
    if change.unknown:
        lines.append(f"  {change.unknown} videos have no embeddings any more")
    return lines
