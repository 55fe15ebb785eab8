"""The command line: each command is a thin face of one flow."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version
from typing import Annotated

from cyclopts import App, CycloptsError

from flows.command_line.backtest_command import backtest
from flows.command_line.console import WRONG_USAGE, complain, session, show, wrong_usage
from flows.command_line.doctor_command import doctor
from flows.command_line.feedback_commands import feedback
from flows.command_line.options import (
    DEFAULT_ARCHIVE,
    DEFAULT_COMMON,
    DEFAULT_ENCODER,
    DEFAULT_OUTPUT,
    DEFAULT_PROFILE_OPTIONS,
    DEFAULT_SCORING,
    DEFAULT_WORKERS,
    ArchiveOptions,
    Common,
    EncoderOptions,
    Many,
    Output,
    ProfileChoice,
    ScoringOptions,
    Threshold,
    WorkerOptions,
)
from flows.command_line.profile_commands import profile
from flows.command_line.results import (
    demo_document,
    demo_lines,
    report_lines,
)
from flows.command_line.retention_commands import plan, prune, report
from flows.command_line.schedule_commands import nightly, reprocess
from flows.command_line.serve_command import deploy, serve
from flows.command_line.warehouse_commands import quarantine, repair, verify
from tasks.credentials import REFUSAL, holds_credentials

app = App(
    name="nightjar",
    version=lambda: version("nightjar"),
    help="Learns what is normal in each camera's archive and reports what was not.",
)

app.command(quarantine)
app.command(profile)
for command in (
    *(nightly, reprocess, backtest, feedback, verify, repair, plan, prune, report),
    *(serve, deploy, doctor),
):
    app.command(command)


@app.command
def run(
    *,
    normal: Annotated[list[str], Many],
    footage: Annotated[list[str], Many],
    profile: str = "default",
    threshold: Threshold = "auto",
    options: ProfileChoice = DEFAULT_PROFILE_OPTIONS,
    scoring: ScoringOptions = DEFAULT_SCORING,
    encoder: EncoderOptions = DEFAULT_ENCODER,
    archive: ArchiveOptions = DEFAULT_ARCHIVE,
    workers: WorkerOptions = DEFAULT_WORKERS,
    common: Common = DEFAULT_COMMON,
) -> None:
    """Extract, embed, profile, score and report in one go.

    Args:
        normal: Footage of normal days: files, folders or globs.
        footage: Footage to check.
        profile: Name of the profile to build.
    """
    with session(common):
        from flows.run_pipeline import run_pipeline

        summary = run_pipeline(
            normal,
            footage,
            common.warehouse,
            encoder.encoding(),
            profile,
            threshold,
            archive.archive(),
            options.options(),
            scoring.scoring(),
            workers.chosen(),
        )
    show(asdict(summary), report_lines(summary), common.json)


@app.command
def extract(
    *,
    footage: Annotated[list[str], Many],
    encoder: EncoderOptions = DEFAULT_ENCODER,
    archive: ArchiveOptions = DEFAULT_ARCHIVE,
    common: Common = DEFAULT_COMMON,
) -> None:
    """Probe footage and plan its clips.

    Args:
        footage: Files, folders (searched recursively) or globs.
    """
    with session(common):
        from flows.extract_clips import extract_clips

        found = extract_clips(footage, common.warehouse, encoder.encoding(), archive.archive())
    document = {
        **asdict(found),
        "quarantined": len(found.quarantined),
        "pending": len(found.pending),
    }
    lines = [f"{found.videos} videos, {found.frames} frames, {found.clips} clips"]
    lines += [f"quarantined {item.path}: {item.reason}" for item in found.quarantined]
    lines += [f"pending {item.path}: {item.reason}" for item in found.pending]
    show(document, lines, common.json)


@app.command
def embed(
    *,
    footage: Annotated[list[str] | None, Many] = None,
    encoder: EncoderOptions = DEFAULT_ENCODER,
    workers: WorkerOptions = DEFAULT_WORKERS,
    common: Common = DEFAULT_COMMON,
) -> None:
    """Embed every planned clip that has no shard yet.

    Args:
        footage: Extracted footage to embed: paths, folders, globs or camera:NAME [default: all].
    """
    with session(common):
        from flows.embed_clips import embed_clips

        done = embed_clips(
            common.warehouse, encoder.encoding(), footage or [], workers=workers.chosen()
        )
    document = {"embedded_clips": done.clips, "left_out": [asdict(item) for item in done.left_out]}
    lines = [f"{done.clips} clips embedded"]
    lines += [f"left out {item.path}: {item.reason}" for item in done.left_out]
    show(document, lines, common.json)


@app.command
def score(
    *,
    profile: str = "default",
    footage: Annotated[list[str] | None, Many] = None,
    threshold: Threshold = "auto",
    scoring: ScoringOptions = DEFAULT_SCORING,
    common: Common = DEFAULT_COMMON,
) -> None:
    """Score embedded footage against a profile and write a report.

    Args:
        profile: NAME, or NAME@VERSION.
        footage: Embedded footage: paths, folders, globs or camera:NAME [default: all].
    """
    with session(common):
        from flows.score_footage import score_footage

        summary = score_footage(
            profile, footage or [], common.warehouse, threshold, scoring=scoring.scoring()
        )
    show(asdict(summary), report_lines(summary), common.json)


@app.command
def demo(
    *,
    folder: str = "./demo",
    warehouse: str | None = None,
    threshold: Threshold = "auto",
    seed: int = 0,
    encoder: EncoderOptions = DEFAULT_ENCODER,
    output: Output = DEFAULT_OUTPUT,
) -> None:
    """Draw a small scene with known anomalies and run the whole job on it, offline.

    Without --model, a small VideoMAE is made from the seed. It is untrained: the demonstration
    shows that the job runs, not how well a trained encoder detects.

    Args:
        folder: Where the footage, the checkpoint and the warehouse are made.
        warehouse: What holds everything nightjar keeps [default: FOLDER/warehouse].
        seed: Decides the scene and the checkpoint.
    """
    with session(output):
        from flows.run_demo import run_demo

        encoding = encoder.encoding() if encoder.model else None
        place = warehouse or f"{folder}/warehouse"
        summary, verdict = run_demo(folder, place, encoding, threshold, seed)
    document = demo_document(summary, verdict)
    show(document, demo_lines(summary, verdict, untrained=encoding is None), output.json)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit: 0 done, 1 failed, 2 wrong usage."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    if any(map(holds_credentials, words)):  # before anything can repeat or keep them
        wrong_usage(REFUSAL)
    try:
        app(words, exit_on_error=False, print_error=False)
    except CycloptsError as error:
        complain(f"{error} See 'nightjar --help'.")
        sys.exit(WRONG_USAGE)
    except KeyboardInterrupt:
        sys.exit(130)
