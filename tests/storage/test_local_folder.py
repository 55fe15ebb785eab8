"""What holds of a warehouse in a folder alone."""

from pathlib import Path

import pytest

from storage.errors import WarehouseUnusableError
from storage.local_folder import STAGING
from storage.warehouse import Warehouse
from tests.storage.samples import interruptions, paths_in


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "ware [house] *"


@pytest.fixture
def warehouse(folder: Path) -> Warehouse:
    return Warehouse.at(str(folder))


def commit_folder(warehouse: Warehouse, text: str) -> None:
    with warehouse.commit_folder("deep/place", "file") as scratch:
        (scratch / "file").write_text(text)


@interruptions
def test_what_stays_of_a_commit_is_its_place_and_an_empty_staging(
    folder: Path, warehouse: Warehouse, interruption: type[BaseException]
) -> None:
    with pytest.raises(interruption), warehouse.commit_file("deep/file"):
        raise interruption
    assert paths_in(folder) == {STAGING}
    commit_folder(warehouse, "whole")
    assert paths_in(folder) == {STAGING, "deep", "deep/place", "deep/place/file"}


def test_things_are_made_on_the_file_system_that_they_go_to(
    folder: Path, warehouse: Warehouse
) -> None:
    with warehouse.commit_file("deep/file") as scratch:
        assert scratch.parent == folder / STAGING
        scratch.write_text("whole")


def test_a_file_in_the_place_of_a_folder_is_kept(folder: Path, warehouse: Warehouse) -> None:
    with warehouse.commit_file("deep/place") as scratch:
        scratch.write_text("old")
    with pytest.raises(FileExistsError):
        commit_folder(warehouse, "new")
    assert (folder / "deep/place").read_text() == "old"


def test_a_dead_link_in_the_place_of_a_folder_is_kept(folder: Path, warehouse: Warehouse) -> None:
    (folder / "deep").mkdir(parents=True)
    (folder / "deep/place").symlink_to("nowhere")
    with pytest.raises(NotADirectoryError):
        commit_folder(warehouse, "new")
    assert paths_in(folder) == {STAGING, "deep", "deep/place"}


def test_a_linked_folder_is_read_like_any_other(
    folder: Path, warehouse: Warehouse, tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "file").write_text("far")
    (folder / "deep").mkdir(parents=True)
    (folder / "deep/linked").symlink_to(tmp_path / "elsewhere")
    assert warehouse.files_below("deep") == ["deep/linked/file"]
    assert warehouse.folders_in("deep") == ["linked"]


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
    warehouse = Warehouse.at(place.format(here=tmp_path))
    assert warehouse.root == str(tmp_path / root)
    assert warehouse.uri("a/b") == f"{tmp_path / root}/a/b"
    assert paths_in(tmp_path) == set()


def test_a_path_as_uri_is_the_same_warehouse(folder: Path, warehouse: Warehouse) -> None:
    assert Warehouse.at(folder.as_uri()) == warehouse


@pytest.mark.parametrize("place", ["{file}", "file://{file}"])
def test_a_file_is_no_warehouse(tmp_path: Path, place: str) -> None:
    file = tmp_path / "file"
    file.write_text("precious")
    with pytest.raises(WarehouseUnusableError, match="is a file: give a folder"):
        Warehouse.at(place.format(file=file))
    assert file.read_text() == "precious"


def test_a_writable_warehouse_is_made_and_holds_nothing(folder: Path, warehouse: Warehouse) -> None:
    warehouse.check_writable()
    warehouse.check_writable()
    assert paths_in(folder) == {STAGING}


@pytest.mark.parametrize("place", ["{file}/house", "{file}/deep/house", "/proc/nightjar"])
def test_a_place_that_cannot_be_written_is_named(tmp_path: Path, place: str) -> None:
    file = tmp_path / "file"
    file.write_text("precious")
    warehouse = Warehouse.at(place.format(file=file))
    with pytest.raises(WarehouseUnusableError, match=f"{warehouse.root} .* --warehouse"):
        warehouse.check_writable()
    assert file.read_text() == "precious"
