"""Files opened several at once come in order, and nobody is left at work when the caller stops."""

import multiprocessing
import os
import signal
from pathlib import Path

import pytest

from tasks.video.child_pool import each_with_a_child
from tasks.video.errors import UnreadableVideoError
from tasks.video.isolation import FootageProcess
from tests.footage import write_video


def frames_of(footage: FootageProcess, path: Path) -> int:
    return footage.probe(path).num_frames


@pytest.mark.parametrize("at_once", [1, 2, 5])
def test_results_come_in_the_order_of_the_files(tmp_path: Path, at_once: int) -> None:
    lengths = [40, 1, 7, 2]
    paths = [write_video(tmp_path / f"{length}.avi", length) for length in lengths]
    assert list(each_with_a_child(frames_of, paths, at_once)) == lengths
    assert not multiprocessing.active_children()


def test_one_that_fails_ends_all(tmp_path: Path) -> None:
    good = write_video(tmp_path / "good.avi", 3)
    bad = tmp_path / "bad.avi"
    bad.write_bytes(b"no video")
    results = each_with_a_child(frames_of, [good, bad, good, good], at_once=2)
    assert next(results) == 3
    with pytest.raises(UnreadableVideoError):
        list(results)
    assert not multiprocessing.active_children()


def test_who_stops_early_waits_for_no_file(tmp_path: Path) -> None:
    video = write_video(tmp_path / "a.avi", 3)
    ends = []

    def hang(footage: FootageProcess, number: int) -> int:
        frames = footage.probe(video).num_frames
        if number:  # as a file of a day does, for hours
            child = footage._child
            assert child is not None
            assert child.pid
            os.kill(child.pid, signal.SIGSTOP)
            with pytest.raises(UnreadableVideoError) as lost:
                footage.probe(video)
            ends.append(str(lost.value))
        return frames

    results = each_with_a_child(hang, range(6), at_once=2)
    assert next(results) == 3
    results.close()
    assert ends
    assert all("SIGKILL" in end for end in ends), "and not by the deadline"
    assert not multiprocessing.active_children()
