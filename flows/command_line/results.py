"""What a command's result is in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from storage.quarantine import Quarantined
    from tasks.demonstration import Verdict
    from tasks.findings import Finding, Repair
    from tasks.findings import Verdict as WarehouseVerdict
    from tasks.nights import NightSummary
    from tasks.reprocessing import Reprocessed
    from tasks.scoring import ReportSummary


def report_lines(summary: ReportSummary) -> list[str]:
    """Return what a report comes to."""
    lines = [
        f"{summary.events} events in {summary.videos} videos "
        f"({summary.flagged_frames} of {summary.frames} frames above {summary.threshold:.6g})",
        f"profile {summary.profile['name']}@{summary.profile['version']}, "
        f"{summary.embedded_clips} clips embedded by this run",
    ]
    if summary.health_intervals:
        lines.append(f"{summary.health_intervals} stretches in which a camera did not see well")
    if summary.quarantined or summary.pending:
        lines.append(f"{summary.quarantined} files quarantined, {summary.pending} pending")
    return [*lines, f"report: {summary.report}/report.html"]


def night_lines(night: NightSummary) -> list[str]:
    """Return what a night comes to."""
    new = f"{night.new_videos} new videos" if night.new_videos else "nothing new"
    if night.report is None:
        pending = f", {night.pending} files pending" if night.pending else ""
        return [f"{new}{pending}: no report"]
    return [new, *report_lines(night.report)]


def reprocessed_lines(done: Reprocessed) -> list[str]:
    """Return what reprocessing came to."""
    lines = [
        f"{done.videos} videos embedded by {done.encoder_id}, "
        f"{done.embedded_clips} clips of them by this run"
    ]
    lines += [f"missing {item.path}: {item.reason}" for item in done.missing]
    lines += [f"left out {item.path}: {item.reason}" for item in done.undated]
    if done.quarantined:
        lines.append(f"{len(done.quarantined)} files quarantined")
    if done.missing:
        lines.append("not complete, so nothing was scored: run it again")
    return [*lines, *(report_lines(done.report) if done.report else [])]


def quarantine_result(
    word: str, entries: Sequence[Quarantined]
) -> tuple[dict[str, Any], list[str]]:
    """Return quarantine entries as a JSON object and in words."""
    lines = [f"{len(entries)} files {word}"]
    lines += [f"  {entry.path}: {entry.reason}" for entry in entries]
    return {word: [asdict(entry) for entry in entries]}, lines


def verdict_result(verdict: WarehouseVerdict) -> tuple[dict[str, Any], list[str]]:
    """Return what is wrong with a warehouse as a JSON object and in words."""
    counts = ", ".join(f"{count} {word}" for word, count in verdict.checked.items())
    lines = [f"all is well: {counts}"]
    if verdict.findings:
        lines = [f"{len(verdict.findings)} findings in {counts}"]
        lines += map(_finding_line, verdict.findings)
        lines.append("'nightjar repair --dry-run' shows what would be removed")
    return verdict.as_json(), lines


def repair_result(repair: Repair) -> tuple[dict[str, Any], list[str]]:
    """Return what repairing a warehouse came to as a JSON object and in words."""
    word = "to remove" if repair.dry_run else "removed"
    lines = [f"{len(repair.removed)} {word}, {len(repair.remaining)} remaining"]
    lines += [
        f"  {word} {_plain(f'{item.place}: {item.kind}, {item.what}')}" for item in repair.removed
    ]
    lines += map(_finding_line, repair.remaining)
    return asdict(repair), lines


def _finding_line(finding: Finding) -> str:
    """Return a finding on one line."""
    words = f"{finding.kind} {finding.place}: {finding.what}; repair: {finding.repair}"
    return f"  {_plain(words)}"


def _plain(words: str) -> str:
    """Return words on one line that any terminal can be sent, whatever a file is called."""
    return " ".join(words.encode("utf-8", "backslashreplace").decode("utf-8").split())


def demo_lines(summary: ReportSummary, verdict: Verdict, untrained: bool) -> list[str]:
    """Return which anomalies of the demonstration were found."""
    lines = []
    if untrained:
        lines.append(
            "the encoder is a small VideoMAE made from a seed, UNTRAINED: "
            "this shows the job, not how well a trained encoder detects"
        )
    for outcome in verdict.matching.outcomes:
        anomaly = outcome.anomaly
        lines.append(
            f"  {'found ' if outcome.found else 'missed'}  {anomaly.video}, frames "
            f"{anomaly.frame_start} to {anomaly.frame_end - 1}: {anomaly.kind}"
        )
        lines += [
            f"          event at frames {event.frame_start} to {event.frame_end - 1}"
            for event in outcome.detections
        ]
    alarms = len(verdict.matching.false_alarms)
    lines.append(f"{alarms} events meet no anomaly; frame AUROC {verdict.auroc:.3f}")
    return lines + report_lines(summary)


def demo_document(summary: ReportSummary, verdict: Verdict) -> dict[str, Any]:
    """Return the demonstration's outcome as a JSON object."""
    return {
        **asdict(summary),
        "anomalies": [
            {**asdict(outcome.anomaly), "found": outcome.found}
            for outcome in verdict.matching.outcomes
        ],
        "false_alarms": len(verdict.matching.false_alarms),
        "auroc": verdict.auroc,
    }
