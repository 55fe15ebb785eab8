"""How an archive names its files, what it is still writing, and what its decoders do to a run."""

import json
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.flows.conftest import Nightjar, Result
from tests.footage import settled, write_video

PATTERN = "{camera}/{start:%Y-%m-%d/%H.%M.%S}.avi"


@pytest.fixture
def options(tmp_path: Path, model: Path) -> list[str | Path]:
    """Return the options of a run over normal and new footage of two named cameras."""
    write_video(tmp_path / "normal/gate/2026-11-24/03.00.00.avi", 40)
    write_video(tmp_path / "new/gate/2026-11-25/03.00.00.avi", 20, seed=1)
    write_video(tmp_path / "new/yard/2026-11-25/23.30.00.avi", 20, seed=2)
    return [
        "--normal", tmp_path / "normal", "--footage", tmp_path / "new", "--model", model,
        "--warehouse", tmp_path / "warehouse", "--json",
    ]  # fmt: skip


def report_of(result: Result) -> dict[str, Any]:
    assert result.code == 0, result.err
    document: dict[str, Any] = json.loads(
        (Path(result.document["report"]) / "report.json").read_text()
    )
    return document


def test_the_path_says_which_camera_recorded_a_frame_and_when(
    nightjar: Nightjar, options: list[str | Path]
) -> None:
    named = ("--path-pattern", PATTERN, "--timezone", "Europe/Berlin")
    result = nightjar("run", *options, *named, "--threshold", "0")
    videos = report_of(result)["videos"]
    assert [video["camera"] for video in videos] == ["gate", "yard"]
    assert videos[0]["recorded_at"] == "2026-11-25T03:00:00.000+01:00"
    assert {video["recorded_by"] for video in videos} == {"path"}
    assert videos[0]["events"][0]["recorded_at"] == "2026-11-25T03:00:00.000+01:00"
    table = pq.read_table(f"{result.document['report']}/frame_scores.parquet")
    moments = table.column("recorded_at").to_pylist()
    assert moments[0] == datetime(2026, 11, 25, 2, 0, 0, tzinfo=UTC)
    assert moments[5] == datetime(2026, 11, 25, 2, 0, 0, 200_000, tzinfo=UTC)
    assert moments[20] == datetime(2026, 11, 25, 22, 30, 0, tzinfo=UTC)


def test_a_grammar_given_later_names_known_footage_anew_without_reading_it(
    nightjar: Nightjar, options: list[str | Path]
) -> None:
    videos = report_of(nightjar("run", *options))["videos"]
    assert [video["camera"] for video in videos] == ["2026-11-25", "2026-11-25"]
    assert {video["recorded_at"] for video in videos} == {None}
    named = nightjar("run", *options, "--path-pattern", PATTERN)
    assert [video["camera"] for video in report_of(named)["videos"]] == ["gate", "yard"]
    assert named.document["embedded_clips"] == 0
    again = report_of(nightjar("run", *options))["videos"]
    assert [video["camera"] for video in again] == ["gate", "yard"], "a name once given stays"


def test_the_container_says_when_where_the_path_does_not(
    nightjar: Nightjar, options: list[str | Path], tmp_path: Path
) -> None:
    import av

    path = tmp_path / "new/yard/film.mp4"
    with av.open(str(path), "w") as container:
        container.metadata["creation_time"] = "2026-11-20T10:00:00Z"
        stream = container.add_stream("mpeg4", rate=25)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        for _ in range(5):
            container.mux(stream.encode(av.VideoFrame(96, 64, "yuv420p")))
        container.mux(stream.encode(None))
    settled(path)
    videos = report_of(nightjar("run", *options, "--path-pattern", PATTERN))["videos"]
    film = next(video for video in videos if video["path"] == str(path))
    assert (film["recorded_at"], film["recorded_by"]) == (
        "2026-11-20T10:00:00.000+00:00",
        "container",
    )
    assert film["camera"] == "yard", "a path of another form is named after its folder"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["--path-pattern", "{camera}_{start:%Y%m%d}.mkv"], ["03.00.00.avi", "23.30.00.avi"]),
        (["--path-pattern", "{kamera}.avi"], ["kamera"]),
        (["--path-pattern", PATTERN, "--timezone", "Mars/Base"], ["Mars/Base"]),
        (["--timezone", "Europe/Berlin"], ["pattern"]),
        (["--settle-s", "-1"], ["settle-s"]),
    ],
    ids=lambda value: " ".join(value),
)
def test_a_grammar_that_cannot_be_used_is_refused(
    nightjar: Nightjar, options: list[str | Path], given: list[str], words: list[str]
) -> None:
    result = nightjar("run", *options, *given)
    assert result.code == 2
    assert len(result.err.strip().splitlines()) == 1, result.err
    assert all(word in result.err for word in words), result.err


def test_a_file_that_changed_just_now_is_left_for_the_next_run(
    nightjar: Nightjar, options: list[str | Path], tmp_path: Path
) -> None:
    fresh = tmp_path / "new/gate/2026-11-25/04.00.00.avi"
    settled(write_video(fresh, 20, seed=3))
    os.utime(fresh)
    first = nightjar("run", *options)
    assert (first.document["videos"], first.document["pending"]) == (2, 1)
    assert first.document["quarantined"] == 0
    assert [item["path"] for item in report_of(first)["pending"]] == [str(fresh)]
    at_once = nightjar("run", *options, "--settle-s", "0").document
    assert (at_once["videos"], at_once["pending"]) == (3, 0)


def test_a_known_file_that_grows_again_is_pending_and_not_scored_as_it_was(
    nightjar: Nightjar, options: list[str | Path], tmp_path: Path
) -> None:
    nightjar("run", *options)
    growing = tmp_path / "new/gate/2026-11-25/03.00.00.avi"
    write_video(growing, 30, seed=4)
    os.utime(growing)
    report = report_of(nightjar("run", *options))
    assert [video["camera"] for video in report["videos"]] == ["2026-11-25"]
    assert [item["path"] for item in report["pending"]] == [str(growing)]


def test_a_file_whose_time_lies_ahead_is_not_waited_for_for_ever(
    nightjar: Nightjar, options: list[str | Path], tmp_path: Path
) -> None:
    ahead = time.time() + 86_400
    os.utime(tmp_path / "new/gate/2026-11-25/03.00.00.avi", (ahead, ahead))
    found = nightjar("extract", "--footage", tmp_path / "new", *options[4:]).document
    assert (found["videos"], found["pending"]) == (2, 0)


def test_normal_footage_that_is_all_pending_is_refused_before_anything_is_encoded(
    nightjar: Nightjar, options: list[str | Path], tmp_path: Path
) -> None:
    os.utime(tmp_path / "normal/gate/2026-11-24/03.00.00.avi")
    result = nightjar("run", *options)
    assert result.code == 2
    assert "--settle-s" in result.err
    assert not list((tmp_path / "warehouse").rglob("part-*.parquet"))


@contextmanager
def killing_the_reader_of(path: Path, end: signal.Signals) -> Iterator[list[int]]:
    """Send a signal, once, to the child process that has a file open."""
    killed: list[int] = []
    over = threading.Event()

    def has_open(pid: int) -> bool:
        with suppress(OSError):
            return any(link.readlink() == path for link in Path(f"/proc/{pid}/fd").iterdir())
        return False

    def hunt() -> None:
        while not over.is_set() and not killed:
            for child in multiprocessing.active_children():
                if child.pid and has_open(child.pid):
                    os.kill(child.pid, end)
                    killed.append(child.pid)
            time.sleep(0.002)

    hunter = threading.Thread(target=hunt)
    hunter.start()
    try:
        yield killed
    finally:
        over.set()
        hunter.join()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_decoder_that_dies_in_the_middle_costs_its_file_and_no_other(
    nightjar: Nightjar, options: list[str | Path], tmp_path: Path
) -> None:
    victim = tmp_path / "new/gate/2026-11-25/01.00.00.avi"
    write_video(victim, 500, size=(640, 480), seed=5)
    with killing_the_reader_of(victim, signal.SIGSEGV) as killed:
        result = nightjar("extract", "--footage", tmp_path / "new", *options[4:])
    assert killed
    assert result.code == 0, result.err
    assert (result.document["videos"], result.document["quarantined"]) == (2, 1)
    entries = nightjar("quarantine", "list", *options[6:]).document["quarantined"]
    assert signal.SIGSEGV.name in entries[0]["reason"]
    assert entries[0]["path"] == str(victim)

    again = nightjar("quarantine", "retry", *options[6:]).document
    assert again["quarantined"] == []
    found = nightjar("extract", "--footage", tmp_path / "new", *options[4:]).document
    assert (found["videos"], found["frames"]) == (3, 540)
