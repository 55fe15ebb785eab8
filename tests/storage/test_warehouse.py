"""What holds of a warehouse wherever it is kept."""

import os
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from storage.errors import NotStoredError, WarehouseUnusableError
from storage.warehouse import Warehouse
from tests.storage.samples import files_in, interruptions, places_in, put

ROOT = Path(__file__).parents[2]
FILE = "deep/place/file"
PART = "deep/place/media/file"
MARKER = "deep/place/marker"


def write_file(warehouse: Warehouse, text: str, end: type[BaseException] | None = None) -> None:
    with warehouse.commit_file(FILE) as scratch:
        scratch.write_text(text)
        if end is not None:
            raise end


def write_folder(warehouse: Warehouse, text: str, end: type[BaseException] | None = None) -> None:
    with warehouse.commit_folder("deep/place", "marker") as scratch:
        (scratch / "media").mkdir()
        (scratch / "media" / "file").write_text(text)
        (scratch / "marker").write_text(text)
        if end is not None:
            raise end


def test_a_committed_file_is_the_only_thing_that_stays(warehouse: Warehouse) -> None:
    assert not warehouse.exists(FILE)
    write_file(warehouse, "new")
    assert warehouse.exists(FILE)
    assert files_in(warehouse) == {FILE: b"new"}


@pytest.mark.parametrize("content", [b"", b"x", b"many" * 3_000_000], ids=len)
def test_a_file_of_any_size_comes_back_and_can_be_read_from_anywhere(
    warehouse: Warehouse, content: bytes
) -> None:
    put(warehouse, FILE, content)
    assert warehouse.read_bytes(FILE) == content
    with warehouse.open(FILE) as file:
        assert file.size() == len(content)
        file.seek(len(content) // 2)
        assert file.read(9) == content[len(content) // 2 :][:9]
        assert file.read_at(4, 0) == content[:4]


def test_a_file_is_replaced_when_the_block_ends_and_not_before(warehouse: Warehouse) -> None:
    write_file(warehouse, "old")
    with warehouse.commit_file(FILE) as scratch:
        scratch.write_text("new")
        assert warehouse.read_bytes(FILE) == b"old"
    assert files_in(warehouse) == {FILE: b"new"}


@interruptions
def test_an_interrupted_commit_keeps_the_old_file(
    warehouse: Warehouse, interruption: type[BaseException]
) -> None:
    write_file(warehouse, "old")
    with pytest.raises(interruption):
        write_file(warehouse, "half", interruption)
    assert files_in(warehouse) == {FILE: b"old"}


@interruptions
@pytest.mark.parametrize("write", [write_file, write_folder])
def test_an_interrupted_commit_leaves_nothing_behind(
    warehouse: Warehouse, write: Callable[..., None], interruption: type[BaseException]
) -> None:
    with pytest.raises(interruption):
        write(warehouse, "half", interruption)
    assert places_in(warehouse) == []


@pytest.mark.parametrize("commit", ["commit_file('place')", "commit_folder('place', 'marker')"])
def test_a_killed_commit_leaves_nothing_that_a_reader_sees(
    warehouse: Warehouse, commit: str, tmp_path: Path
) -> None:
    program = f"""
import os, signal, sys
from storage.warehouse import Warehouse
with Warehouse.at(sys.argv[1]).{commit} as scratch:
    (scratch / "marker" if scratch.is_dir() else scratch).write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""
    command = [sys.executable, "-c", program, warehouse.root]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    killed = subprocess.run(command, cwd=ROOT, env=environment, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert warehouse.files_below("") == []
    assert warehouse.folders_in("") == []


def test_a_committed_folder_is_the_only_thing_that_stays(warehouse: Warehouse) -> None:
    write_folder(warehouse, "new")
    assert files_in(warehouse) == {PART: b"new", MARKER: b"new"}


def test_a_folder_is_not_there_before_the_block_ends(warehouse: Warehouse) -> None:
    with warehouse.commit_folder("deep/place", "marker") as scratch:
        (scratch / "marker").write_text("new")
        assert warehouse.files_below("") == []
    assert files_in(warehouse) == {MARKER: b"new"}


def test_a_folder_that_exists_is_kept(warehouse: Warehouse) -> None:
    write_folder(warehouse, "old")
    with pytest.raises(FileExistsError, match="deep/place exists already"):
        write_folder(warehouse, "new")
    assert files_in(warehouse) == {PART: b"old", MARKER: b"old"}


def test_a_folder_without_its_marker_is_refused(warehouse: Warehouse) -> None:
    with (
        pytest.raises(FileNotFoundError, match="marker"),
        warehouse.commit_folder("deep/place", "marker") as scratch,
    ):
        (scratch / "file").write_text("new")
    assert places_in(warehouse) == []


def test_of_many_commits_of_a_folder_at_once_one_at_most_wins(warehouse: Warehouse) -> None:
    together = threading.Barrier(8)

    def commit(number: int) -> int | None:
        together.wait()
        try:
            write_folder(warehouse, str(number))
        except FileExistsError:
            return None
        return number

    with ThreadPoolExecutor(8) as threads:
        winners = [number for number in threads.map(commit, range(8)) if number is not None]
    written = {place: str(winner).encode() for winner in winners for place in (PART, MARKER)}
    assert files_in(warehouse) == written
    assert len(winners) <= 1


def test_what_lies_below_a_folder_is_listed_in_order_and_staging_never(
    warehouse: Warehouse,
) -> None:
    places = ["a/b c/2", "a/b c/10", "a/b%2Fc/1", "a/ü/x/y", "a-b/1", "ab", "z/📷"]
    for place in [*places, ".staging/left/by", ".staging/a"]:
        put(warehouse, place, b"")
    assert warehouse.files_below("") == sorted(places)
    assert warehouse.files_below("a") == ["a/b c/10", "a/b c/2", "a/b%2Fc/1", "a/ü/x/y"]
    assert warehouse.folders_in("") == ["a", "a-b", "z"]
    assert warehouse.folders_in("a") == ["b c", "b%2Fc", "ü"]
    for nothing in ("ab", "none", "a/b"):
        assert warehouse.files_below(nothing) == []
        assert warehouse.folders_in(nothing) == []
    assert not warehouse.exists("a")


def test_a_removed_file_is_gone_and_its_neighbours_stay(warehouse: Warehouse) -> None:
    for place in ("a/1", "a/2"):
        put(warehouse, place, b"")
    for _ in range(2):
        warehouse.remove("a/1")
    assert places_in(warehouse) == ["a/2"]
    warehouse.remove("a/2")
    assert warehouse.files_below("") == []


def test_a_missing_file_is_named(warehouse: Warehouse) -> None:
    with pytest.raises(FileNotFoundError, match="a/none"):
        warehouse.open("a/none")


def test_what_must_exist_is_named_when_it_does_not(warehouse: Warehouse) -> None:
    with pytest.raises(NotStoredError, match="holds no video x: extract it"):
        warehouse.existing("videos/x", "video x: extract it")
    write_file(warehouse, "here")
    assert warehouse.existing(FILE, "file") == FILE


def test_readers_of_many_keep_the_order_and_an_error_ends_them(warehouse: Warehouse) -> None:
    assert warehouse.each(str, range(99)) == list(map(str, range(99)))
    with pytest.raises(ValueError, match="half"):
        warehouse.each(int, ["1", "half", *["2"] * 99])


def test_a_writable_warehouse_holds_nothing_and_is_swept_of_what_is_old(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(warehouse, ".staging/left", b"")
    warehouse.check_writable()
    assert places_in(warehouse) == [".staging/left"]
    for module in ("bucket", "local_folder"):
        monkeypatch.setattr(f"storage.{module}.LEFTOVER_S", -60.0)
    warehouse.check_writable()
    assert places_in(warehouse) == []


def test_a_warehouse_goes_to_another_process(warehouse: Warehouse) -> None:
    write_file(warehouse, "here")
    other = pickle.loads(pickle.dumps(warehouse))
    assert other == warehouse
    assert other.read_bytes(FILE) == b"here"


@pytest.mark.parametrize("uri", ["gs://bucket", "https://host/path", "S3://bucket/x"])
def test_what_is_neither_folder_nor_s3_is_refused_by_name(uri: str) -> None:
    with pytest.raises(WarehouseUnusableError, match=f"{uri}.*give a folder or s3://"):
        Warehouse.at(uri)
