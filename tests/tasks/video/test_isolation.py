"""A child that dies, hangs or grows costs one file; the frames of others come as ever."""

import multiprocessing
import multiprocessing.spawn
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tasks.video.decoding import DecoderChoice, FrameReader, VideoShape
from tasks.video.errors import (
    DecodersUnusableError,
    FootageChangedError,
    FootageUnreachableError,
    UnreadableVideoError,
)
from tasks.video.isolated_reader import MAX_SLOTS, IsolatedReader
from tasks.video.isolation import FootageProcess, Limits
from tests.footage import ROOT, write_video

FRAMES = 4 * MAX_SLOTS  # more than lie in shared memory at once
SHAPE = VideoShape(FRAMES, width=96, height=64)
EVERY_FRAME = np.arange(FRAMES)


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_video(tmp_path_factory.mktemp("footage") / "a.avi", FRAMES)


@pytest.fixture
def footage() -> Iterator[FootageProcess]:
    with FootageProcess(Limits(deadline_s=20)) as process:
        yield process
    assert not multiprocessing.active_children()


def child_id() -> int:
    (child,) = multiprocessing.active_children()
    assert child.pid
    return child.pid


def expected_frames(video: Path) -> list[bytes]:
    return [frame.tobytes() for _, frame in FrameReader(video, SHAPE).read(EVERY_FRAME)]


def test_frames_and_probes_are_those_of_this_process(footage: FootageProcess, video: Path) -> None:
    assert footage.probe(video).num_frames == FRAMES
    reader = IsolatedReader(footage, video, SHAPE)
    read = list(reader.read(EVERY_FRAME))
    assert [index for index, _ in read] == EVERY_FRAME.tolist()
    assert [frame.tobytes() for _, frame in read] == expected_frames(video)
    assert (reader.decoder, reader.reason) == ("decord", "")
    assert [index for index, _ in reader.read(EVERY_FRAME[3::7])] == EVERY_FRAME[3::7].tolist()


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGSEGV])
def test_where_decord_takes_the_child_down_pyav_goes_on(
    footage: FootageProcess, video: Path, end: signal.Signals
) -> None:
    reader = IsolatedReader(footage, video, SHAPE)
    frames = []
    for index, frame in reader.read(EVERY_FRAME):
        frames.append(frame.tobytes())
        if index == 5:
            os.kill(child_id(), end)
    assert frames == expected_frames(video), "none is lost and none comes twice"
    assert reader.decoder == "pyav"
    assert end.name in reader.reason


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGSEGV])
def test_a_child_lost_twice_costs_that_file_and_no_other(
    footage: FootageProcess, video: Path, end: signal.Signals
) -> None:
    frames = IsolatedReader(footage, video, SHAPE, "pyav").read(EVERY_FRAME)
    next(frames)
    os.kill(child_id(), end)
    with pytest.raises(UnreadableVideoError, match=end.name):
        list(frames)
    assert footage.probe(video).num_frames == FRAMES


def test_a_child_that_hangs_is_ended_at_the_deadline(video: Path) -> None:
    with FootageProcess(Limits(deadline_s=1)) as footage:
        frames = IsolatedReader(footage, video, SHAPE, "pyav").read(EVERY_FRAME)
        next(frames)
        os.kill(child_id(), signal.SIGSTOP)
        with pytest.raises(UnreadableVideoError, match="no progress within 1 s"):
            list(frames)
        assert not multiprocessing.active_children()
        assert footage.probe(video).num_frames == FRAMES


@pytest.mark.parametrize("choice", ["decord", "pyav"])
def test_a_file_that_needs_more_than_the_ceiling_is_refused(
    tmp_path: Path, choice: DecoderChoice
) -> None:
    large = write_video(tmp_path / "large.mp4", 4, size=(3840, 2160), codec="libx264")
    shape = VideoShape(4, width=3840, height=2160)
    with FootageProcess(Limits(memory_bytes=192 << 20)) as footage:
        reader = IsolatedReader(footage, large, shape, choice)
        with pytest.raises(UnreadableVideoError) as refused:
            list(reader.read(range(4)))
        assert refused.value.reason


def test_the_child_is_replaced_after_a_number_of_files(video: Path) -> None:
    with FootageProcess(Limits(files_per_child=2)) as footage:
        seen = set()
        for number in range(4):
            footage.probe(video)
            if number % 2 == 0:
                seen.add(child_id())
            else:
                assert not multiprocessing.active_children()
        assert len(seen) == 2


def test_reading_can_be_given_up_half_way(footage: FootageProcess, video: Path) -> None:
    for index, _ in IsolatedReader(footage, video, SHAPE).read(EVERY_FRAME):
        if index == 3:
            break
    assert footage.probe(video).num_frames == FRAMES


def test_errors_of_the_footage_pass_as_they_are(footage: FootageProcess, tmp_path: Path) -> None:
    letter = tmp_path / "letter.avi"
    letter.write_text("Dear Sir or Madam")
    with pytest.raises(UnreadableVideoError, match="not a video file") as refused:
        footage.probe(letter)
    assert refused.value.decoder_words
    with pytest.raises(FootageUnreachableError, match=r"nowhere\.avi"):
        footage.probe(tmp_path / "nowhere.avi")
    short = write_video(tmp_path / "short.avi", 3)
    with pytest.raises(FootageChangedError, match=r"short\.avi"):
        list(IsolatedReader(footage, short, SHAPE).read(EVERY_FRAME))


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel of Linux ends the child")
def test_a_killed_parent_takes_its_child_along(video: Path, tmp_path: Path) -> None:
    code = f"""
import multiprocessing, sys, time
from pathlib import Path
from tasks.video.isolation import FootageProcess
if __name__ == "__main__":
    footage = FootageProcess()
    footage.probe(Path({str(video)!r}))
    print(multiprocessing.active_children()[0].pid, flush=True)
    time.sleep(60)
"""
    script = tmp_path / "parent.py"
    script.write_text(code)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, script], stdout=subprocess.PIPE, text=True, env=environment
    ) as parent:
        assert parent.stdout is not None
        child = Path(f"/proc/{int(parent.stdout.readline())}")
        assert child.exists()
        parent.kill()
    end = time.monotonic() + 10
    while child.exists() and "zombie" not in (child / "status").read_text():
        assert time.monotonic() < end, "the child outlives its parent"
        time.sleep(0.05)


def test_a_child_that_never_starts_is_no_fault_of_the_footage(
    video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(multiprocessing.spawn, "_python_exe", b"/bin/false")
    with FootageProcess() as footage, pytest.raises(DecodersUnusableError, match="exit code 1"):
        footage.probe(video)
