from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.video.errors import FootageNotFoundError
from tasks.video.search import camera_of, find_footage
from tasks.video.selector import Selector

FILES = ("a/1.mp4", "a/2.avi", "a/b/1.mp4", "a/b/b/3.mp4", "ab/1.mp4", "[x]/1.mp4", "1.mp4")
FOLDERS = st.sampled_from(["a", "b", "ab", "*", "**", "?", "a*", "[ab]", "[!a]"])
NAMES = st.sampled_from(["1.mp4", "*", "*.mp4", "?.*", "[12].*", "b", "a/**", "b/**", "ab/**"])
PATTERNS = st.builds(
    "/".join,
    st.lists(FOLDERS | NAMES, max_size=3).flatmap(
        lambda folders: NAMES.map(lambda name: [*folders, name])
    ),
)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("archive")
    for name in FILES:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return folder


def meant(text: str, tree: Path) -> list[Path]:
    paths = [tree / name for name in FILES]
    selector = Selector(text)
    return sorted(path for path in paths if selector.matches(str(path), camera_of(path)))


@pytest.mark.parametrize(
    ("text", "path", "matches"),
    [
        pytest.param("/a/b", "/a/b", True, id="the file itself"),
        pytest.param("/a/b", "/a/b/x.mp4", True, id="folder"),
        pytest.param("/a/b", "/a/b/c/x.mp4", True, id="folder above"),
        pytest.param("/a/b/", "/a/b/x.mp4", True, id="folder with a slash"),
        pytest.param("/a/b", "/a/bc/x.mp4", False, id="no prefix of a name"),
        pytest.param("/a/b", "/a", False, id="folder below"),
        pytest.param("/", "/a/b.mp4", True, id="root"),
        pytest.param("/a/../c//b", "/c/b/x.mp4", True, id="roundabout"),
        pytest.param("/a/*.mp4", "/a/x.mp4", True, id="star in a folder"),
        pytest.param("/a/*.mp4", "/a/b/x.mp4", False, id="star crosses no folder"),
        pytest.param("/a/**/*.mp4", "/a/x.mp4", True, id="two stars for no folder"),
        pytest.param("/a/**/*.mp4", "/a/b/c/x.mp4", True, id="two stars for two folders"),
        pytest.param("/**/x.mp4", "/a/b/x.mp4", True, id="two stars at the root"),
        pytest.param("/a/**", "/a/b/c.mp4", True, id="two stars at the end"),
        pytest.param("/a/**", "/ab/c.mp4", False, id="two stars stay below"),
        pytest.param("/a/?.mp4", "/a/xy.mp4", False, id="question mark"),
        pytest.param("/a/[x-z].mp4", "/a/y.mp4", True, id="class"),
        pytest.param("/a/x.*", "/a/X.mp4", False, id="capitals count"),
        pytest.param("/a/[1]", "/a/[1]/x.mp4", True, id="folder that looks like a pattern"),
        pytest.param("/a/*", "/a/new\nline.mp4", True, id="newline"),
        pytest.param("/a/*", "/a/\udcff.mp4", True, id="bytes that are no text"),
        pytest.param("camera:gate", "/anywhere/x.mp4", True, id="camera"),
        pytest.param("camera:gat", "/anywhere/x.mp4", False, id="another camera"),
        pytest.param("camera:*", "/anywhere/x.mp4", False, id="cameras are no patterns"),
        pytest.param("camera:", "/anywhere/x.mp4", False, id="no camera"),
    ],
)
def test_a_selector_means_by_path_and_camera_alone(text: str, path: str, matches: bool) -> None:
    assert Selector(text).matches(path, "gate") is matches


def test_a_relative_selector_is_taken_from_the_working_folder(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tree / "a")
    for text in ("b", "./b", "../a/b", "b/"):
        assert meant(text, tree) == [tree / "a/b/1.mp4", tree / "a/b/b/3.mp4"]
    assert meant("*.mp4", tree) == [tree / "a/1.mp4"]


@given(pattern=PATTERNS)
def test_a_selector_means_the_files_that_the_same_path_finds(tree: Path, pattern: str) -> None:
    text = f"{tree}/{pattern}"
    try:
        found = sorted(find_footage([text]))
    except FootageNotFoundError:
        found = []
    assert meant(text, tree) == found
