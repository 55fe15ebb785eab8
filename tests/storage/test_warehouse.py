import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from storage.errors import NotStoredError, WarehouseUnusableError
from storage.warehouse import STAGING, Warehouse
from tests.storage.samples import files_in, interruptions, paths_in


def write_file(warehouse: Warehouse, text: str, end: type[BaseException] | None = None) -> None:
    with warehouse.commit_file("deep/place/file") as scratch:
        scratch.write_text(text)
        if end is not None:
            raise end


def write_folder(warehouse: Warehouse, text: str, end: type[BaseException] | None = None) -> None:
    with warehouse.commit_folder("deep/place") as scratch:
        (scratch / "media").mkdir()
        (scratch / "media" / "file").write_text(text)
        if end is not None:
            raise end


def test_a_committed_file_is_the_only_thing_that_stays(warehouse: Warehouse) -> None:
    write_file(warehouse, "new")
    assert paths_in(warehouse.root) == {STAGING, "deep", "deep/place", "deep/place/file"}
    assert files_in(warehouse.root) == {"deep/place/file": b"new"}


def test_a_file_is_replaced_when_the_block_ends_and_not_before(warehouse: Warehouse) -> None:
    write_file(warehouse, "old")
    with warehouse.commit_file("deep/place/file") as scratch:
        scratch.write_text("new")
        assert warehouse.path("deep/place/file").read_text() == "old"
    assert files_in(warehouse.root) == {"deep/place/file": b"new"}


@interruptions
def test_an_interrupted_commit_keeps_the_old_file(
    warehouse: Warehouse, interruption: type[BaseException]
) -> None:
    write_file(warehouse, "old")
    with pytest.raises(interruption):
        write_file(warehouse, "half", interruption)
    assert files_in(warehouse.root) == {"deep/place/file": b"old"}


@interruptions
@pytest.mark.parametrize("write", [write_file, write_folder])
def test_an_interrupted_commit_leaves_nothing_behind(
    warehouse: Warehouse, write: Callable[..., None], interruption: type[BaseException]
) -> None:
    with pytest.raises(interruption):
        write(warehouse, "half", interruption)
    assert paths_in(warehouse.root) == {STAGING}


@pytest.mark.parametrize("commit", ["commit_file", "commit_folder"])
def test_a_killed_commit_leaves_nothing_that_a_reader_sees(
    warehouse: Warehouse, commit: str
) -> None:
    program = f"""
import os, signal, sys
from storage.warehouse import Warehouse
with Warehouse.at(sys.argv[1]).{commit}("deep/place") as scratch:
    scratch.is_dir() or scratch.write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""
    command = [sys.executable, "-c", program, str(warehouse.root)]
    killed = subprocess.run(command, cwd=Path(__file__).parents[2], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert [path.name for path in warehouse.root.iterdir()] == [STAGING]


def test_a_committed_folder_is_the_only_thing_that_stays(warehouse: Warehouse) -> None:
    write_folder(warehouse, "new")
    assert files_in(warehouse.root) == {"deep/place/media/file": b"new"}
    assert paths_in(warehouse.path(STAGING)) == set()


def test_a_folder_is_not_there_before_the_block_ends(warehouse: Warehouse) -> None:
    with warehouse.commit_folder("deep/place") as scratch:
        (scratch / "file").write_text("new")
        assert not warehouse.path("deep").exists()


def test_a_folder_that_exists_is_kept(warehouse: Warehouse) -> None:
    write_folder(warehouse, "old")
    with pytest.raises(FileExistsError, match="deep/place exists already"):
        write_folder(warehouse, "new")
    assert files_in(warehouse.root) == {"deep/place/media/file": b"old"}


def test_a_file_in_the_place_of_a_folder_is_kept(warehouse: Warehouse) -> None:
    with warehouse.commit_file("deep/place") as scratch:
        scratch.write_text("old")
    with pytest.raises(FileExistsError):
        write_folder(warehouse, "new")
    assert files_in(warehouse.root) == {"deep/place": b"old"}


def test_a_dead_link_in_the_place_of_a_folder_is_kept(warehouse: Warehouse) -> None:
    warehouse.path("deep").mkdir(parents=True)
    warehouse.path("deep/place").symlink_to("nowhere")
    with pytest.raises(NotADirectoryError):
        write_folder(warehouse, "new")
    assert paths_in(warehouse.root) == {STAGING, "deep", "deep/place"}


def test_of_many_commits_of_a_folder_at_once_one_wins(warehouse: Warehouse) -> None:
    together = threading.Barrier(8)

    def commit(number: int) -> int | None:
        together.wait()
        try:
            write_folder(warehouse, str(number))
        except FileExistsError:
            return None
        return number

    with ThreadPoolExecutor(8) as threads:
        (winner,) = (number for number in threads.map(commit, range(8)) if number is not None)
    assert files_in(warehouse.root) == {"deep/place/media/file": str(winner).encode()}


@pytest.mark.parametrize(
    ("place", "root"),
    [
        ("house", "house"),
        ("./a/../house/", "a/../house"),
        ("~/house", "house"),
        ("{here}/a b/100%", "a b/100%"),
        ("{here}/%41", "%41"),
        ("file://{here}/house", "house"),
        ("file://localhost{here}/house", "house"),
        ("file://{here}/a%20b/%C3%A9%25", "a b/é%"),
    ],
)
def test_a_warehouse_is_at_the_place_that_is_meant_and_is_not_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, root: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert Warehouse.at(place.format(here=tmp_path)).root == tmp_path / root
    assert paths_in(tmp_path) == set()


def test_a_path_as_uri_is_the_same_warehouse(warehouse: Warehouse) -> None:
    assert Warehouse.at(warehouse.root.as_uri()) == warehouse


@pytest.mark.parametrize("uri", ["s3://bucket/prefix", "gs://bucket", "https://host/path"])
def test_a_bucket_is_refused_by_name(uri: str) -> None:
    with pytest.raises(WarehouseUnusableError, match=uri):
        Warehouse.at(uri)


@pytest.mark.parametrize("place", ["{file}", "file://{file}"])
def test_a_file_is_no_warehouse(tmp_path: Path, place: str) -> None:
    file = tmp_path / "file"
    file.write_text("precious")
    with pytest.raises(WarehouseUnusableError, match="is a file: give a folder"):
        Warehouse.at(place.format(file=file))
    assert file.read_text() == "precious"


def test_a_writable_warehouse_is_made_and_holds_nothing(warehouse: Warehouse) -> None:
    warehouse.check_writable()
    warehouse.check_writable()
    assert paths_in(warehouse.root) == {STAGING}


@pytest.mark.parametrize("place", ["{file}/house", "{file}/deep/house", "/proc/nightjar"])
def test_a_place_that_cannot_be_written_is_named(tmp_path: Path, place: str) -> None:
    file = tmp_path / "file"
    file.write_text("precious")
    warehouse = Warehouse.at(place.format(file=file))
    with pytest.raises(WarehouseUnusableError, match=f"{warehouse.root} .* --warehouse"):
        warehouse.check_writable()
    assert files_in(tmp_path) == {"file": b"precious"}


def test_what_must_exist_is_named_when_it_does_not(warehouse: Warehouse) -> None:
    with pytest.raises(NotStoredError, match="holds no video x: extract it"):
        warehouse.existing("videos/x", "video x: extract it")
    write_file(warehouse, "here")
    assert warehouse.existing("deep/place/file", "file").read_text() == "here"
