"""The command line: each command is a thin face of one flow."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import App, CycloptsError, Parameter

if TYPE_CHECKING:
    from tasks.parameters import Encoding
    from tasks.scoring import ReportSummary

app = App(
    name="nightjar",
    help="Learns what is normal in each camera's archive and reports what was not.",
)
Many = Parameter(consume_multiple=True, negative="")
Flag = Parameter(negative="")


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Common:
    """Options of every command.

    Attributes:
        warehouse: Folder that holds everything nightjar keeps.
        json: Print one JSON document on standard output, and nothing else there.
        verbose: Show Prefect's log on standard error.
    """

    warehouse: str = "./warehouse"
    json: Annotated[bool, Flag] = False
    verbose: Annotated[bool, Flag] = False


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class EncoderOptions:
    """How footage becomes embeddings.

    Attributes:
        model: Hub id or local folder of a VideoMAE checkpoint [default: MCG-NJU/videomae-base].
        revision: Revision on the hub; the default checkpoint is pinned to a commit.
        stride: Sample every N-th frame [default: 1].
        batch_size: Clips encoded at once [default: 8].
        device: Where the encoder runs [default: auto].
    """

    model: str | None = None
    revision: str | None = None
    stride: int | None = None
    batch_size: int | None = None
    device: Literal["auto", "cpu", "cuda", "mps"] | None = None

    def given(self) -> dict[str, Any]:
        """Return the options that were given."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    def encoding(self) -> Encoding:
        """Return the options as the flows take them."""
        from tasks.parameters import Encoding

        return Encoding(**self.given())


_SETTINGS = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
    "PREFECT_LOGGING_EXTRA_LOGGERS": "tasks,storage",
    "TRANSFORMERS_VERBOSITY": "error",
    "HF_HUB_DISABLE_TELEMETRY": "1",
}
# The server keeps the whole log; on the console it would drown what the command has to say.
_QUIET = {"PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL", "HF_HUB_VERBOSITY": "error"}
DEFAULT_COMMON = Common()
DEFAULT_ENCODER = EncoderOptions()


@app.command
def run(
    *,
    normal: Annotated[list[str], Many],
    footage: Annotated[list[str], Many],
    profile: str = "default",
    threshold: str = "quantile:0.999",
    encoder: EncoderOptions = DEFAULT_ENCODER,
    common: Common = DEFAULT_COMMON,
) -> None:
    """Extract, embed, profile, score and report in one go.

    Args:
        normal: Footage of normal days: files, folders or globs.
        footage: Footage to check.
        profile: Name of the profile to build.
        threshold: A number, or quantile:Q of the normal footage's own scores.
    """
    with _prefect(common):
        from flows.run_pipeline import run_pipeline

        summary = run_pipeline(
            normal, footage, common.warehouse, encoder.encoding(), profile, threshold
        )
    _print_report(common, summary)


@app.command
def extract(
    *,
    footage: Annotated[list[str], Many],
    encoder: EncoderOptions = DEFAULT_ENCODER,
    common: Common = DEFAULT_COMMON,
) -> None:
    """Probe footage and plan its clips.

    Args:
        footage: Files, folders (searched recursively) or globs.
    """
    with _prefect(common):
        from flows.extract_clips import extract_clips

        found = extract_clips(footage, common.warehouse, encoder.encoding())
    document = {**asdict(found), "quarantined": len(found.quarantined)}
    lines = [f"{found.videos} videos, {found.frames} frames, {found.clips} clips"]
    lines += [f"quarantined {item.path}: {item.reason}" for item in found.quarantined]
    _print(common, document, lines)


@app.command
def embed(
    *,
    footage: Annotated[list[str] | None, Many] = None,
    encoder: EncoderOptions = DEFAULT_ENCODER,
    common: Common = DEFAULT_COMMON,
) -> None:
    """Embed every planned clip that has no shard yet.

    Args:
        footage: Extracted footage to embed: paths, folders, globs or camera:NAME [default: all].
    """
    with _prefect(common):
        from flows.embed_clips import embed_clips

        done = embed_clips(common.warehouse, encoder.encoding(), footage or [])
    document = {"embedded_clips": done.clips, "left_out": [asdict(item) for item in done.left_out]}
    lines = [f"{done.clips} clips embedded"]
    lines += [f"left out {item.path}: {item.reason}" for item in done.left_out]
    _print(common, document, lines)


@app.command
def profile(
    *,
    normal: Annotated[list[str], Many],
    profile: str = "default",
    update: Annotated[bool, Flag] = False,
    encoder: EncoderOptions = DEFAULT_ENCODER,
    common: Common = DEFAULT_COMMON,
) -> None:
    """Build a profile version from the shards of normal footage.

    Args:
        normal: Normal footage that is embedded: paths, folders, globs or camera:NAME.
        profile: Name of the profile.
        update: Keep the normal footage of the newest version too.
    """
    with _prefect(common):
        from flows.build_profile import build_profile

        encoding = encoder.encoding() if encoder.given() else None
        ref = build_profile(normal, profile, common.warehouse, encoding, update)
    _print(common, {"profile": asdict(ref)}, [f"profile {ref.name}@{ref.version}"])


@app.command
def score(
    *,
    profile: str = "default",
    footage: Annotated[list[str] | None, Many] = None,
    threshold: str = "quantile:0.999",
    common: Common = DEFAULT_COMMON,
) -> None:
    """Score embedded footage against a profile and write a report.

    Args:
        profile: NAME, or NAME@VERSION.
        footage: Embedded footage: paths, folders, globs or camera:NAME [default: all].
        threshold: A number, or quantile:Q of the normal footage's own scores.
    """
    with _prefect(common):
        from flows.score_footage import score_footage

        summary = score_footage(profile, footage or [], common.warehouse, threshold)
    _print_report(common, summary)


def main() -> None:
    """Run the command line and exit: 0 done, 1 failed, 2 wrong usage."""
    try:
        app(exit_on_error=False, print_error=False)
    except CycloptsError as error:
        sys.exit(_refused(str(error)))
    except KeyboardInterrupt:
        sys.exit(130)


def _refused(message: str) -> int:
    """Complain about wrong usage and return its exit code."""
    sys.stderr.write(f"nightjar: {' '.join(message.split())} See 'nightjar --help'.\n")
    return 2


@contextmanager
def _prefect(common: Common) -> Iterator[None]:
    """Run the block, which runs a flow, on a Prefect server; its errors become exit codes."""
    os.environ.update({**_QUIET, **_SETTINGS, **os.environ} if not common.verbose else _SETTINGS)
    from flows.console import complain, exit_code_of, message_of, reserved_stdout
    from flows.embedded_server import ensure_server

    try:
        with reserved_stdout():
            ensure_server()
            yield
    except Exception as error:
        code = exit_code_of(error)
        if code is None:
            raise
        complain(message_of(error))
        sys.exit(code)


def _print(common: Common, document: dict[str, Any], lines: list[str]) -> None:
    """Print what a command did."""
    from flows.console import show

    show(document, lines, common.json)


def _print_report(common: Common, summary: ReportSummary) -> None:
    """Print what a report comes to."""
    lines = [
        f"{summary.events} events in {summary.videos} videos "
        f"({summary.flagged_frames} of {summary.frames} frames above {summary.threshold:.6g})",
        f"profile {summary.profile['name']}@{summary.profile['version']}, "
        f"{summary.embedded_clips} clips embedded by this run",
    ]
    if summary.quarantined or summary.pending:
        lines.append(f"{summary.quarantined} files quarantined, {summary.pending} pending")
    lines.append(f"report: {summary.report}/report.html")
    _print(common, asdict(summary), lines)


if __name__ == "__main__":
    main()
