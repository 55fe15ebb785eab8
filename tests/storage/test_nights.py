from storage.nights import Night, ReportedFile, record_night, reported_files
from storage.warehouse import Warehouse
from tests.storage.samples import places_in, put

SCORED = ReportedFile("/new/a.avi", "a" * 32)
UNREADABLE = ReportedFile("/new/letter.avi", reason="it is no video")


def test_each_profile_has_nights_of_its_own(warehouse: Warehouse) -> None:
    assert reported_files(warehouse, "default") == set()
    for number, item in enumerate((SCORED, UNREADABLE)):
        night = Night("default", f"report-{number}", "2026-11-25T04:00:00+00:00", (item,))
        record_night(warehouse, night)
    record_night(warehouse, Night("default-2", "report-9", "2026-11-25T04:00:00+00:00", (SCORED,)))
    assert reported_files(warehouse, "default") == {SCORED, UNREADABLE}
    assert reported_files(warehouse, "default-2") == {SCORED}
    assert places_in(warehouse)[0] == "nights/default-2/report-9.json"


def test_what_a_damaged_document_lists_is_new_again(warehouse: Warehouse) -> None:
    record_night(warehouse, Night("default", "r", "2026-11-25T04:00:00+00:00", (SCORED,)))
    for damage in (b"{", b"[]", b'{"profile": "default"}'):
        put(warehouse, "nights/default/r.json", damage)
        assert reported_files(warehouse, "default") == set()
    whole = Night("default", "r", "2026-11-25T04:00:00+00:00", (SCORED,))
    record_night(warehouse, whole)
    put(warehouse, "nights/default/s.json", warehouse.read_bytes("nights/default/r.json"))
    assert reported_files(warehouse, "default") == {SCORED}
