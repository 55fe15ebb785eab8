from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from tasks.video.errors import FootageUnreachableError
from tasks.video.identity import FileStamp, video_id_of

CONTENT = bytes(range(256)) * 5000


@pytest.fixture
def video(tmp_path: Path) -> Path:
    path = tmp_path / "video.mp4"
    path.write_bytes(CONTENT)
    return path


def test_the_id_is_the_first_half_of_the_contents_sha256(video: Path) -> None:
    assert video_id_of(video) == hashlib.sha256(CONTENT).hexdigest()[:32]


@pytest.mark.parametrize("name", ["other.avi", "deeper/video.mp4", "-'\n.mp4", "\udcff.mp4"])
def test_a_renamed_or_moved_file_keeps_its_id(video: Path, name: str) -> None:
    before = video_id_of(video)
    moved = video.parent / name
    moved.parent.mkdir(exist_ok=True)
    assert video_id_of(video.rename(moved)) == before


@pytest.mark.parametrize("place", [0, len(CONTENT) // 2, len(CONTENT) - 1])
def test_one_changed_byte_gives_another_id(video: Path, place: int) -> None:
    before = video_id_of(video)
    changed = bytearray(CONTENT)
    changed[place] ^= 1
    video.write_bytes(changed)
    assert video_id_of(video) != before


def test_an_empty_file_has_an_id_too(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    assert len(video_id_of(tmp_path / "empty")) == 32


def test_a_file_that_is_gone_is_left_for_the_next_run(tmp_path: Path) -> None:
    with pytest.raises(FootageUnreachableError):
        video_id_of(tmp_path / "gone.mp4")


def test_a_stamp_stays_while_size_and_time_stay(video: Path) -> None:
    before = FileStamp.of(video)
    assert FileStamp.of(video.rename(video.with_name("renamed"))) == before
    renamed = video.with_name("renamed")
    os.utime(renamed, ns=(0, before.modified_ns + 1))
    assert FileStamp.of(renamed) != before


def test_a_stamp_changes_with_the_size_alone(video: Path) -> None:
    before = FileStamp.of(video)
    video.write_bytes(CONTENT + b"x")
    os.utime(video, ns=(0, before.modified_ns))
    assert FileStamp.of(video) != before
