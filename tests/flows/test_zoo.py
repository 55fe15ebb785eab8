"""The whole job over every odd and broken file that there is: no footage can stop a run."""

import json
from pathlib import Path

import av
import pytest

from tests.flows.conftest import Nightjar, Result
from tests.footage import shared, write_video
from tests.odd_footage import write_odd_footage


@pytest.fixture(scope="module")
def zoo() -> Path:
    return shared() / "zoo"


def run_over(nightjar: Nightjar, model: Path, folder: Path, footage: Path) -> Result:
    result = nightjar(
        "run", "--normal", write_video(folder / "door" / "normal.avi", 40), "--footage", footage,
        "--model", model, "--stride", "4", "--warehouse", folder / "warehouse", "--json",
    )  # fmt: skip
    assert result.code == 0, result.err
    assert "Traceback" not in result.err
    return result


def read_report(result: Result) -> dict[str, list[dict[str, str]]]:
    text = (Path(result.document["report"]) / "report.json").read_text()
    document: dict[str, list[dict[str, str]]] = json.loads(text)
    return document


def decodes_by_pyav(path: Path) -> bool:
    """Return whether FFmpeg gives a frame of a file; text that it paints as letters is no video."""
    try:
        with av.open(str(path)) as container:
            shown = [s for s in container.streams.video if s.codec_context is not None]
            painted = container.format.name == "tty"
            return bool(shown) and not painted and any(True for _ in container.decode(shown[0]))
    except (av.error.FFmpegError, EOFError, ValueError):
        return False


def test_every_file_of_the_zoo_is_scored_or_quarantined_with_a_reason(
    nightjar: Nightjar, model: Path, tmp_path: Path, zoo: Path
) -> None:
    result = run_over(nightjar, model, tmp_path, zoo)
    summary = result.document
    files = {path for path in zoo.rglob("*") if path.is_file()}
    assert summary["videos"] + summary["quarantined"] + summary["pending"] == len(files)
    assert summary["pending"] == 0
    report = read_report(result)
    assert all(item["reason"] for item in report["quarantined"])
    assert {video["decoder"].split()[0] for video in report["videos"]} == {"decord", "pyav"}

    embedded = {Path(video["path"]) for video in report["videos"]}
    assert embedded == {path for path in files if decodes_by_pyav(path)}, "what PyAV alone decodes"


def test_every_file_made_to_be_odd_is_scored_or_quarantined_with_a_reason(
    nightjar: Nightjar, model: Path, tmp_path: Path
) -> None:
    readable, unreadable = write_odd_footage(tmp_path / "odd")
    report = read_report(run_over(nightjar, model, tmp_path, tmp_path / "odd"))
    assert {Path(video["path"]) for video in report["videos"]} == readable
    assert {Path(item["path"]) for item in report["quarantined"]} == unreadable
    assert all(item["reason"] for item in report["quarantined"])
    cut_off = [Path(video["path"]).name for video in report["videos"] if video["truncated"]]
    assert cut_off == ["cut off.avi"]
