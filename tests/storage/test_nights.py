"""What nights have reported stays known, in few files, whenever a merge of them is cut off."""

from contextlib import suppress
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage import night_ledger
from storage.errors import CorruptShardError
from storage.night_ledger import inspect_ledger, merge_nights, reported_among
from storage.nights import Key, Night, ReportedFile, record_night
from storage.warehouse import Warehouse
from tests.storage.samples import places_in, put

SCORED = ReportedFile("/new/a.avi", "a" * 32)
UNREADABLE = ReportedFile("/new/letter.avi", reason="it is no video")
BOTH = {SCORED, UNREADABLE}
MOMENT = "2026-11-25T04:00:00+00:00"


def record(warehouse: Warehouse, report_id: str, *files: ReportedFile) -> None:
    record_night(warehouse, Night("default", report_id, MOMENT, files))


def video(number: int) -> ReportedFile:
    return ReportedFile(f"/new/{number}.avi", f"{number:032x}")


def ledgers(warehouse: Warehouse) -> list[str]:
    return [place for place in places_in(warehouse) if place.endswith(".parquet")]


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(night_ledger, "MERGE_AT", 3)


def test_each_profile_has_nights_of_its_own(warehouse: Warehouse) -> None:
    assert reported_among(warehouse, "default", BOTH) == set()
    for number, item in enumerate((SCORED, UNREADABLE)):
        record(warehouse, f"report-{number}", item)
    record_night(warehouse, Night("default-2", "report-9", MOMENT, (SCORED,)))
    assert reported_among(warehouse, "default", BOTH) == {SCORED.key, UNREADABLE.key}
    assert reported_among(warehouse, "default-2", BOTH) == {SCORED.key}
    assert places_in(warehouse)[0] == "nights/default-2/report-9.json"


def test_a_video_is_known_wherever_it_lies_and_an_unreadable_file_by_its_reason(
    warehouse: Warehouse,
) -> None:
    record(warehouse, "r", SCORED, UNREADABLE)
    moved = ReportedFile("/elsewhere/b.avi", SCORED.video_id)
    other = ReportedFile(UNREADABLE.path, reason="it is cut off")
    assert reported_among(warehouse, "default", {moved, other}) == {SCORED.key}


def test_what_a_damaged_document_lists_is_new_again(warehouse: Warehouse) -> None:
    record(warehouse, "r", SCORED)
    for damage in (b"{", b"[]", b'{"profile": "default"}'):
        put(warehouse, "nights/default/r.json", damage)
        assert reported_among(warehouse, "default", BOTH) == set()
    record(warehouse, "r", SCORED)
    put(warehouse, "nights/default/s.json", warehouse.read_bytes("nights/default/r.json"))
    assert reported_among(warehouse, "default", BOTH) == {SCORED.key}


def test_many_nights_become_one_ledger_and_stay_known(warehouse: Warehouse) -> None:
    record(warehouse, "letter", UNREADABLE)
    for number in range(20):
        record(warehouse, f"r{number:02}", video(number))
        merge_nights(warehouse, "default")
        assert len(places_in(warehouse)) < 1 + 3, "a ledger, and fewer documents than are merged"
    known = {UNREADABLE, *map(video, range(20))}
    asked = {*known, video(99), ReportedFile("/new/other.avi", reason="it is no video")}
    assert reported_among(warehouse, "default", asked) == {file.key for file in known}
    (ledger,) = ledgers(warehouse)
    inspect_ledger(warehouse, ledger)
    assert reported_among(warehouse, "another", asked) == set()


def test_small_groups_of_rows_do_not_add_up(
    local_warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pyarrow.parquet as pq

    monkeypatch.setattr(night_ledger, "GROUP_ROWS", 4)
    for number in range(24):
        record(local_warehouse, f"r{number:02}", video(number))
        merge_nights(local_warehouse, "default")
    (ledger,) = ledgers(local_warehouse)
    groups = pq.read_metadata(local_warehouse.uri(ledger)).num_row_groups
    assert groups <= 24 / 4


def test_a_damaged_ledger_is_named_left_alone_and_counts_for_nothing(
    local_warehouse: Warehouse,
) -> None:
    for number in range(3):
        record(local_warehouse, f"r{number}", video(number))
    merge_nights(local_warehouse, "default")
    (ledger,) = ledgers(local_warehouse)
    whole = local_warehouse.read_bytes(ledger)
    put(local_warehouse, ledger, whole[: len(whole) // 2])
    with pytest.raises(CorruptShardError):
        inspect_ledger(local_warehouse, ledger)
    put(local_warehouse, "nights/other/x.parquet", whole)
    with pytest.raises(CorruptShardError, match="nights/default"):
        inspect_ledger(local_warehouse, "nights/other/x.parquet")
    for number in range(3, 9):
        record(local_warehouse, f"r{number}", video(number))
        merge_nights(local_warehouse, "default")
    later = {file.key for file in map(video, range(3, 9))}
    assert reported_among(local_warehouse, "default", set(map(video, range(9)))) == later
    assert ledger in places_in(local_warehouse)


FOLDERS = count()


class CutOffError(Exception):
    """Stands for a kill."""


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(nights=st.lists(st.one_of(st.none(), st.integers(0, 4)), min_size=1, max_size=25))
def test_a_merge_that_is_cut_off_anywhere_loses_nothing_and_is_finished_by_the_next(
    tmp_path: Path, nights: list[int | None]
) -> None:
    """Each number says after how many removals the merge of that night is cut off."""
    warehouse = Warehouse.at(str(tmp_path / f"{next(FOLDERS)}"))
    known: set[Key] = set()
    for number, kept in enumerate(nights):
        record(warehouse, f"r{number:02}", video(number))
        known.add(video(number).key)
        with pytest.MonkeyPatch.context() as patch:
            if kept is not None:
                patch.setattr(Warehouse, "remove", stopping(Warehouse.remove, kept))
            with suppress(CutOffError):
                merge_nights(warehouse, "default")
        assert reported_among(warehouse, "default", set(map(video, range(99)))) == known
    record(warehouse, "last", SCORED)
    merge_nights(warehouse, "default")
    assert len(places_in(warehouse)) <= 3
    assert reported_among(warehouse, "default", set(map(video, range(99)))) == known


def stopping(remove: object, after: int) -> object:
    left = iter(range(after))

    def stop(self: Warehouse, place: str) -> None:
        if next(left, None) is None:
            raise CutOffError
        assert callable(remove)
        remove(self, place)

    return stop


def test_a_merge_while_a_night_looks_hides_nothing(
    local_warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        record(local_warehouse, f"r{number}", video(number))
    listed = Warehouse.files_below
    merged: list[bool] = []

    def merging(self: Warehouse, folder: str) -> list[str]:
        places = listed(self, folder)
        if not merged:
            merged.append(True)
            merge_nights(self, "default")
        return places

    monkeypatch.setattr(Warehouse, "files_below", merging)
    asked = set(map(video, range(3)))
    assert reported_among(local_warehouse, "default", asked) == {file.key for file in asked}
    assert not any(place.endswith(".json") for place in places_in(local_warehouse))
