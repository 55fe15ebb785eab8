from __future__ import annotations

import os
from pathlib import Path

import pytest

from tasks.video.errors import FootageNotFoundError
from tasks.video.search import camera_of, find_footage, printable

FILES = ("cam1/a.mp4", "cam1/b.avi", "cam2/night/c.mp4", "cam2/d.mp4", "e.mp4")
HIDDEN = ("cam1/.thumb.mp4", ".trash/f.mp4", "cam2/.sync/g.mp4")
ODD_NAMES = (
    "new\nline.mp4",
    "q'uo\"te.mp4",
    "-dash.mp4",
    "\udcff\udcfe.mp4",
    "\U0001f319.mp4",
    "a?b*[c].mp4",
    " ",
)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in FILES + HIDDEN:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return tmp_path


def names(found: list[Path], tree: Path) -> list[str]:
    return [path.relative_to(tree).as_posix() for path in found]


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        pytest.param(["cam1/a.mp4"], ["cam1/a.mp4"], id="file"),
        pytest.param(["cam1/.thumb.mp4"], ["cam1/.thumb.mp4"], id="hidden file named itself"),
        pytest.param(["cam2"], ["cam2/d.mp4", "cam2/night/c.mp4"], id="folder recursive"),
        pytest.param(["cam2/"], ["cam2/d.mp4", "cam2/night/c.mp4"], id="trailing slash"),
        pytest.param(["."], sorted(FILES), id="everything but what is hidden"),
        pytest.param(["cam1/../cam1//a.mp4"], ["cam1/a.mp4"], id="roundabout"),
        pytest.param(["*.mp4"], ["e.mp4"], id="glob in one folder"),
        pytest.param(["*/*.mp4"], ["cam1/a.mp4", "cam2/d.mp4"], id="glob over folders"),
        pytest.param(
            ["**/*.mp4"],
            ["cam1/a.mp4", "cam2/d.mp4", "cam2/night/c.mp4", "e.mp4"],
            id="recursive glob",
        ),
        pytest.param(["cam1/[ab].*"], ["cam1/a.mp4", "cam1/b.avi"], id="glob with a class"),
        pytest.param(
            ["cam1", "cam1/a.mp4", "**/a.mp4", "./cam1/"],
            ["cam1/a.mp4", "cam1/b.avi"],
            id="overlapping paths once",
        ),
        pytest.param([], [], id="no path"),
    ],
)
@pytest.mark.parametrize("absolute", [False, True], ids=["relative", "absolute"])
def test_paths_stand_for_files(
    tree: Path,
    monkeypatch: pytest.MonkeyPatch,
    paths: list[str],
    expected: list[str],
    absolute: bool,
) -> None:
    monkeypatch.chdir(tree)
    found = find_footage([f"{tree}/{path}" if absolute else path for path in paths])
    assert names(found, tree) == expected
    assert all(path.is_absolute() for path in found)


@pytest.mark.parametrize(
    ("path", "words"),
    [
        pytest.param("gone.mp4", "there is no file 'gone.mp4'", id="missing file"),
        pytest.param("gone/", "there is no file 'gone/'", id="missing folder"),
        pytest.param("*.mkv", "no file matches the pattern '*.mkv'", id="glob of nothing"),
        pytest.param("empty", "the folder 'empty' holds no file", id="empty folder"),
        pytest.param(".trash/.x", "there is no file", id="missing hidden file"),
        pytest.param("dangling", "there is no file 'dangling'", id="dangling link"),
        pytest.param("pipe", "'pipe' is neither a file nor a folder", id="named pipe"),
        pytest.param("\udcff", r"there is no file '\\xff'", id="bytes that are no text"),
    ],
)
def test_a_path_that_leads_nowhere_says_so(
    tree: Path, monkeypatch: pytest.MonkeyPatch, path: str, words: str
) -> None:
    monkeypatch.chdir(tree)
    (tree / "empty/deeper").mkdir(parents=True)
    (tree / "dangling").symlink_to("nowhere")
    os.mkfifo(tree / "pipe")
    with pytest.raises(FootageNotFoundError) as error:
        find_footage(["cam1", path])
    assert words in str(error.value)


@pytest.mark.parametrize("name", ODD_NAMES)
def test_odd_names_are_found_as_files_and_in_folders(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"x")
    assert find_footage([str(path)]) == [path]
    assert find_footage([str(tmp_path)]) == [path]
    assert find_footage([f"{tmp_path}/*"]) == [path]


def test_a_folder_whose_name_looks_like_a_pattern_is_a_folder(tmp_path: Path) -> None:
    path = tmp_path / "cam[1]" / "a.mp4"
    path.parent.mkdir()
    path.write_bytes(b"x")
    assert find_footage([str(path.parent)]) == [path]


def test_the_order_is_that_of_the_names_bytes_whatever_was_asked_first(tmp_path: Path) -> None:
    for name in ODD_NAMES:
        (tmp_path / name).write_bytes(b"x")
    paths = [str(tmp_path / name) for name in ODD_NAMES]
    expected = sorted(os.fsencode(path) for path in paths)
    assert [os.fsencode(path) for path in find_footage(paths)] == expected
    assert find_footage(reversed(paths)) == find_footage([str(tmp_path)])


def test_a_link_keeps_its_own_name_and_links_to_folders_are_not_followed(tree: Path) -> None:
    (tree / "cam1/link.mp4").symlink_to(tree / "e.mp4")
    (tree / "cam1/loop").symlink_to(tree)
    assert names(find_footage([f"{tree}/cam1"]), tree) == [
        "cam1/a.mp4",
        "cam1/b.avi",
        "cam1/link.mp4",
    ]


@pytest.mark.parametrize(
    ("path", "camera"),
    [
        ("/archive/gate/2026-01-01.mp4", "gate"),
        ("/archive/Nord \u00fc/x.mp4", "Nord \u00fc"),
        ("/x.mp4", "root"),
        ("/archive/\udcff/x.mp4", r"\xff"),
    ],
)
def test_the_camera_is_the_folder_that_a_file_lies_in(path: str, camera: str) -> None:
    assert camera_of(Path(path)) == camera


@pytest.mark.parametrize(
    ("text", "shown"),
    [("plain", "plain"), ("\u00fc\n", "\u00fc\n"), ("a\udcffb", r"a\xffb"), ("", "")],
)
def test_what_is_printed_is_valid_unicode(text: str, shown: str) -> None:
    assert printable(text) == shown
    printable(text).encode()
