import re
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.documents import commit_document, find_record, find_records, read_document
from storage.errors import CorruptShardError
from storage.warehouse import Warehouse
from tests.storage.samples import files_in, places_in, put

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


PLACE = "a/b.json"


@dataclass(frozen=True)
class Numbered:
    number: int


@pytest.fixture(scope="module")
def one_warehouse(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    return Warehouse.at(str(tmp_path_factory.mktemp("documents")))


@settings(max_examples=30)
@given(document=st.dictionaries(TEXT, VALUES, max_size=5))
def test_any_object_comes_back_as_it_was_and_gives_the_same_bytes(
    one_warehouse: Warehouse, document: dict[str, Any]
) -> None:
    commit_document(one_warehouse, PLACE, document)
    first = one_warehouse.read_bytes(PLACE)
    read = read_document(one_warehouse, PLACE)
    assert read == document
    commit_document(one_warehouse, PLACE, read)
    assert one_warehouse.read_bytes(PLACE) == first


def test_a_committed_document_is_json_that_people_can_read(warehouse: Warehouse) -> None:
    commit_document(warehouse, "a/b.json", {"path": "x", "frames": 3})
    assert files_in(warehouse) == {"a/b.json": b'{\n  "path": "x",\n  "frames": 3\n}\n'}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object()])
def test_what_json_does_not_know_is_refused_and_leaves_nothing(
    warehouse: Warehouse, value: object
) -> None:
    with pytest.raises((ValueError, TypeError)):
        commit_document(warehouse, "a/b.json", {"value": value})
    assert places_in(warehouse) == []


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b'{"a": 1}}', b"nonsense", b"[1]", b'"x"', b"null", b"\xff\xfe", b"\0" * 40],
)
def test_a_damaged_document_is_named(warehouse: Warehouse, content: bytes) -> None:
    put(warehouse, PLACE, content)
    with pytest.raises(CorruptShardError, match=re.escape(warehouse.uri(PLACE))):
        read_document(warehouse, PLACE)


def test_a_missing_document_is_a_missing_file_that_is_named(warehouse: Warehouse) -> None:
    with pytest.raises(FileNotFoundError, match=re.escape(warehouse.uri(PLACE))):
        read_document(warehouse, PLACE)


def test_of_many_records_those_that_are_there_come_in_order(warehouse: Warehouse) -> None:
    for number in (2, 0, 1):
        commit_document(warehouse, f"n/{number}", {"number": number, "newer": "passed over"})
    found = find_records(warehouse, ["n/1", "n/9", "n/0", "n/2"], Numbered)
    assert found == [Numbered(1), Numbered(0), Numbered(2)]
    assert find_record(warehouse, "n/9", Numbered) is None
    commit_document(warehouse, "n/9", {"older": 9})
    with pytest.raises(CorruptShardError, match="n/9"):
        find_records(warehouse, ["n/0", "n/9"], Numbered)
