"""A plan says what a run would embed and what that takes, and changes nothing."""

import json
import os
from pathlib import Path

import pytest

from tests.flows.conftest import Nightjar
from tests.footage import settled, write_video

CLIPS = {"a": 3, "b": 2, "c": 1}  # of 16 frames each


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Return a folder of three videos."""
    for seed, (name, clips) in enumerate(CLIPS.items()):
        write_video(tmp_path / "new" / "yard" / f"{name}.avi", 16 * clips, seed=seed)
    return tmp_path / "new"


@pytest.fixture
def options(archive: Path, model: Path) -> list[str | Path]:
    return ["--model", model, "--warehouse", archive.parent / "warehouse", "--json"]


def tree(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Return every file and folder with what it holds and when it changed."""
    return {
        str(path.relative_to(folder)): (
            path.stat().st_mtime_ns,
            path.read_bytes() if path.is_file() else b"",
        )
        for path in folder.rglob("*")
    }


def test_new_footage_is_estimated_and_no_warehouse_is_made(
    nightjar: Nightjar, archive: Path, options: list[str | Path]
) -> None:
    before = tree(archive.parent)
    found = nightjar("plan", "--footage", archive, *options)
    assert found.code == 0, found.err
    plan = found.document
    assert (plan["videos"], plan["clips"]) == (3, 6)
    assert (plan["estimated_videos"], plan["estimated_clips"]) == (3, 6)
    assert (plan["seconds"], plan["bytes"], plan["rates"]) == (None, None, None)
    assert tree(archive.parent) == before
    assert not (archive.parent / "warehouse").exists()
    lines = nightjar("plan", "--footage", archive, *options[:-1]).out.splitlines()
    assert lines == [
        "3 videos, 6 clips: no past run in this warehouse tells how long that takes",
        "3 videos and 6 clips of these are estimated from the headers of new or changed files",
    ]


def test_known_footage_is_planned_exactly_by_what_runs_took(
    nightjar: Nightjar, archive: Path, options: list[str | Path]
) -> None:
    nightjar("extract", "--footage", archive, *options)
    nightjar("embed", "--footage", archive / "yard" / "a.avi", *options)
    (record,) = (archive.parent / "warehouse" / "runs").iterdir()
    run = json.loads(record.read_text())
    assert (run["clips"], run["device"]) == (3, "cpu")
    assert run["seconds"] > 0
    embeddings = archive.parent / "warehouse" / "embeddings"
    assert run["bytes"] == sum(path.stat().st_size for path in embeddings.rglob("*.parquet"))

    before = tree(archive.parent)
    plan = nightjar("plan", "--footage", archive, *options).document
    assert tree(archive.parent) == before
    assert (plan["videos"], plan["clips"], plan["embedded_videos"]) == (2, 3, 1)
    assert (plan["estimated_videos"], plan["estimated_clips"]) == (0, 0)
    assert plan["seconds"] == pytest.approx(run["seconds"])
    assert plan["bytes"] == run["bytes"]
    assert plan["rates"]["runs"] == 1
    other = nightjar("plan", "--footage", archive, *options, "--stride", "2").document
    assert (other["clips"], other["rates"]["encoder"]) == (2 + 1 + 1, "same shape")

    done = nightjar("embed", *options).document
    assert done["embedded_clips"] == plan["clips"], "what was planned is what is done"
    words = nightjar("plan", "--footage", archive, *options[:-1]).out
    assert words == "nothing is left to embed\n3 videos embedded already\n"
    nightjar("embed", *options)
    assert len(list((archive.parent / "warehouse" / "runs").iterdir())) == 2


def test_a_file_that_is_not_to_be_embedded_is_named_with_the_reason(
    nightjar: Nightjar, archive: Path, options: list[str | Path]
) -> None:
    letter = archive / "yard" / "letter.avi"
    letter.write_text("Dear Sir or Madam")
    settled(letter)
    nightjar("extract", "--footage", archive, *options)
    os.utime(write_video(archive / "yard" / "b.avi", 20, seed=7))
    write_video(archive / "yard" / "c.avi", 50, seed=8)
    for name in ("empty.mp4", "half.mp4"):
        (archive / "yard" / name).write_bytes(b"")
        settled(archive / "yard" / name)
    write_video(archive / "yard" / "raw.h264", 5, codec="libx264")
    plan = nightjar("plan", "--footage", archive, *options).document
    assert (plan["clips"], plan["estimated_clips"]) == (CLIPS["a"] + 4, 4)
    names = {
        kind: [Path(item["path"]).name for item in plan[kind]]
        for kind in ("unreadable", "unknown", "pending", "quarantined", "pruned")
    }
    assert names == {
        "unreadable": ["empty.mp4", "half.mp4"],
        "unknown": ["raw.h264"],
        "pending": ["b.avi"],
        "quarantined": ["letter.avi"],
        "pruned": [],
    }
    assert "--settle-s" in plan["pending"][0]["reason"]


def test_wrong_usage_is_said_as_a_run_says_it(
    nightjar: Nightjar, archive: Path, options: list[str | Path]
) -> None:
    for wrong in (("--footage", "/nowhere"), ("--footage", archive, "--path-pattern", "{x}.avi")):
        found = nightjar("plan", *wrong, *options)
        assert (found.code, found.err.count("\n")) == (2, 1), found.err
