"""A header tells how many frames there are to come, or nothing; it is never believed blindly."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tasks.video.errors import FootageUnreachableError, UnreadableVideoError
from tasks.video.isolation import FootageProcess
from tests.footage import write_video

FRAMES = 40


@pytest.fixture(scope="module")
def footage() -> Iterator[FootageProcess]:
    with FootageProcess() as process:
        yield process


@pytest.mark.parametrize("suffix", ["avi", "mp4", "mkv", "ts", "mov"])
def test_a_sound_file_promises_what_it_holds(
    footage: FootageProcess, tmp_path: Path, suffix: str
) -> None:
    path = write_video(tmp_path / f"a.{suffix}", FRAMES)
    promised = footage.count_frames(path)
    assert promised is not None
    assert abs(promised - FRAMES) <= 2


def test_a_file_cut_off_still_promises_the_whole(footage: FootageProcess, tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.avi", FRAMES)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert footage.count_frames(path) == FRAMES


def test_a_promise_of_more_frames_than_bytes_is_none(
    footage: FootageProcess, tmp_path: Path
) -> None:
    path = write_video(tmp_path / "a.avi", FRAMES)
    content = path.read_bytes()
    true, false = (number.to_bytes(4, "little") for number in (FRAMES, 2**31 - 1))
    assert content.count(true) >= 2
    path.write_bytes(content.replace(true, false))
    assert footage.count_frames(path) is None


def test_a_stream_without_a_container_promises_nothing(
    footage: FootageProcess, tmp_path: Path
) -> None:
    path = write_video(tmp_path / "a.h264", FRAMES, codec="libx264")
    assert footage.count_frames(path) is None


def test_what_is_no_video_is_said_to_be_none(footage: FootageProcess, tmp_path: Path) -> None:
    letter = tmp_path / "letter.avi"
    letter.write_text("Dear Sir or Madam")
    with pytest.raises(UnreadableVideoError, match="not a video"):
        footage.count_frames(letter)
    with pytest.raises(FootageUnreachableError):
        footage.count_frames(tmp_path / "gone.avi")
