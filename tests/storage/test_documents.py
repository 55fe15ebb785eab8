from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.documents import commit_document, read_document, write_document
from storage.errors import CorruptShardError
from storage.warehouse import STAGING, Warehouse
from tests.storage.samples import files_in, paths_in

# os.fsdecode gives bytes that are no UTF-8 as these code points.
TEXT = st.text(
    st.characters(codec="utf-8") | st.characters(min_codepoint=0xDC80, max_codepoint=0xDCFF)
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=10,
)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("documents") / "document.json"


@settings(max_examples=30)
@given(document=st.dictionaries(TEXT, VALUES, max_size=5))
def test_any_object_comes_back_as_it_was_and_gives_the_same_bytes(
    path: Path, document: dict[str, Any]
) -> None:
    write_document(path, document)
    first = path.read_bytes()
    assert read_document(path) == document
    write_document(path, read_document(path))
    assert path.read_bytes() == first


def test_a_committed_document_is_json_that_people_can_read(warehouse: Warehouse) -> None:
    commit_document(warehouse, "a/b.json", {"path": "x", "frames": 3})
    assert files_in(warehouse.root) == {"a/b.json": b'{\n  "path": "x",\n  "frames": 3\n}\n'}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object()])
def test_what_json_does_not_know_is_refused_and_leaves_nothing(
    warehouse: Warehouse, value: object
) -> None:
    with pytest.raises((ValueError, TypeError)):
        commit_document(warehouse, "a/b.json", {"value": value})
    assert paths_in(warehouse.root) == {STAGING}


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b'{"a": 1}}', b"nonsense", b"[1]", b'"x"', b"null", b"\xff\xfe", b"\0" * 40],
)
def test_a_damaged_document_is_named(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(CorruptShardError, match=str(path)):
        read_document(path)


def test_a_missing_document_is_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_document(tmp_path / "none.json")
