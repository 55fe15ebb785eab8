"""A warehouse that is damaged says so, is repaired, and gives what it gave before."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from storage import object_store as object_store_module
from storage.warehouse import Warehouse
from tests.flows.conftest import Nightjar
from tests.footage import settled, write_video
from tests.object_store import gate_to
from tests.storage.samples import files_in, places_in, put

LETTER = "Dear Sir or Madam"


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Return a folder with two normal videos, two others, and a file that is none."""
    for seed, name in enumerate(("normal/door/a", "normal/door/b", "new/yard/c", "new/yard/d")):
        write_video(tmp_path / f"{name}.avi", 16 + seed, seed=seed)
    (tmp_path / "new" / "yard" / "letter.avi").write_text(LETTER)
    settled(tmp_path / "new" / "yard" / "letter.avi")
    return tmp_path


@pytest.fixture
def run(nightjar: Nightjar, archive: Path, model: Path) -> Callable[[str], int]:
    """Return a function that runs the whole job into a warehouse and returns the clips encoded."""

    def run(place: str) -> int:
        result = nightjar(
            *("run", "--normal", archive / "normal", "--footage", archive / "new"),
            *("--model", model, "--warehouse", place, "--json"),
        )
        assert result.code == 0, result.err
        return int(result.document["embedded_clips"])

    return run


def without_reports(warehouse: Warehouse) -> dict[str, bytes]:
    """Return what every run makes the same; a quarantine entry says when."""
    kept = ("embeddings/", "profiles/", "videos/", "footage/")
    return {place: data for place, data in files_in(warehouse).items() if place.startswith(kept)}


def flip(warehouse: Warehouse, place: str, index: int) -> None:
    content = bytearray(warehouse.read_bytes(place))
    content[index] ^= 0xFF
    put(warehouse, place, bytes(content))


def damage(warehouse: Warehouse) -> dict[str, str]:
    """Damage a warehouse in several ways at once, and return the kind of each by its place."""
    shards, videos = warehouse.files_below("embeddings"), warehouse.files_below("videos")
    sightings, entries = warehouse.files_below("footage"), warehouse.files_below("quarantine")
    with warehouse.open(shards[0]) as file:
        embeddings = pq.read_metadata(file).row_group(0).column(8)
    flip(warehouse, shards[0], embeddings.data_page_offset + embeddings.total_compressed_size // 2)
    put(warehouse, shards[1], warehouse.read_bytes(shards[0])[:-9])
    orphan = shards[2].replace("/video=", "/video=0")
    put(warehouse, orphan, warehouse.read_bytes(shards[2]))
    # Of the two normal videos, whose shards are damaged: the record of one, the file of the other.
    sighting, beside = (
        next(place for place in sightings if name in warehouse.read_bytes(place))
        for name in (b"/a.avi", b"/b.avi")
    )
    known = warehouse.read_bytes(beside).decode()
    video = next(place for place in videos if Path(place).stem in known)
    flip(warehouse, video, -7)
    flip(warehouse, sighting, 0)
    copied = f"footage/{'0' * 32}.json"
    put(warehouse, copied, warehouse.read_bytes(beside))
    put(warehouse, entries[0], b"")
    damaged = (shards[0], shards[1], video, sighting, copied, entries[0])
    return dict.fromkeys(damaged, "damaged") | {orphan: "orphaned"}


def findings_of(nightjar: Nightjar, place: str) -> dict[str, str]:
    result = nightjar("verify", "--warehouse", place, "--json")
    findings = result.document["findings"]
    assert result.code == bool(findings), result.err
    assert all(found["what"] and found["repair"] for found in findings)
    return {found["place"]: found["kind"] for found in findings}


@pytest.fixture(params=["folder", "bucket"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "folder":
        return str(tmp_path / "ware [house]")
    return f"s3://{request.getfixturevalue('bucket')}/night jar"


def test_damage_of_many_kinds_is_repaired_and_the_next_run_gives_the_same_bytes(
    nightjar: Nightjar, run: Callable[[str], int], place: str
) -> None:
    assert run(place) == 1 + 2 + 2 + 2
    warehouse = Warehouse.at(place)
    before = files_in(warehouse)
    sound = nightjar("verify", "--warehouse", place)
    assert (sound.code, sound.out.count("\n")) == (0, 1), sound.out
    assert "all is well: 4 shards" in sound.out
    assert files_in(warehouse) == before
    same = without_reports(warehouse)

    expected = damage(warehouse)
    damaged = files_in(warehouse)
    assert findings_of(nightjar, place) == expected
    planned = nightjar("repair", "--dry-run", "--warehouse", place, "--json").document
    assert {item["place"] for item in planned["removed"]} == expected.keys()
    assert files_in(warehouse) == damaged
    repaired = nightjar("repair", "--warehouse", place, "--json")
    assert (repaired.code, repaired.document["removed"]) == (0, planned["removed"])
    assert places_in(warehouse) == sorted(damaged.keys() - expected.keys())
    assert not {*findings_of(nightjar, place).values()} - {"missing"}
    assert nightjar("repair", "--warehouse", place).code == 0
    scored = nightjar("score", "--warehouse", place, "--json").document
    assert (scored["videos"], scored["pending"]) == (2, 2)  # the letter has lost its entry

    assert run(place) > 0
    assert findings_of(nightjar, place) == {}
    assert without_reports(warehouse) == same
    assert run(place) == 0


def test_what_cannot_be_made_again_is_named_and_stays(
    nightjar: Nightjar, run: Callable[[str], int], tmp_path: Path
) -> None:
    place = str(tmp_path / "warehouse")
    run(place)
    warehouse = Warehouse.at(place)
    flip(warehouse, "profiles/default/1/profile.parquet", 60)
    page = next(file for file in warehouse.files_below("reports") if file.endswith("html"))
    warehouse.remove(page)
    (tmp_path / "warehouse" / "holiday pictures").mkdir()
    before = files_in(warehouse)
    report = page.rpartition("/")[0]
    kinds = {"profiles/default/1": "damaged", report: "damaged", "holiday pictures": "foreign"}
    assert findings_of(nightjar, place) == kinds
    repaired = nightjar("repair", "--warehouse", place, "--json")
    assert (repaired.code, repaired.document["removed"]) == (1, [])
    assert {item["place"] for item in repaired.document["remaining"]} == kinds.keys()
    assert files_in(warehouse) == before


def test_an_absent_or_empty_warehouse_is_sound_and_stays_so(
    nightjar: Nightjar, tmp_path: Path
) -> None:
    for command in ("verify", "repair"):
        assert nightjar(command, "--warehouse", tmp_path / "none").code == 0
    assert not (tmp_path / "none").exists()
    (tmp_path / "empty").mkdir()
    result = nightjar("verify", "--warehouse", tmp_path / "empty", "--json")
    assert (result.code, {*result.document["checked"].values()}) == (0, {0})
    assert [*(tmp_path / "empty").iterdir()] == []


def test_a_disk_or_store_that_fails_is_no_damage(
    nightjar: Nightjar, object_store: str, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(object_store_module, "LONGEST_WAIT_S", 0.1)
    place = f"s3://{bucket}/x"
    warehouse = Warehouse.at(place)
    put(warehouse, "quarantine/a.json", b"no entry")
    put(warehouse, "embeddings/encoder=e/camera=c/video=v/part-00000.parquet", b"no shard")
    before = files_in(warehouse)
    with gate_to(object_store) as gate:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{gate.endpoint}")
        gate.fail(403, 99, "GET", "quarantine/a.json")
        result = nightjar("repair", "--warehouse", place)  # which verifies first
        assert (result.code, result.out) == (1, "")
        assert "quarantine/a.json" in result.err
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{object_store}")
    assert files_in(warehouse) == before
    assert findings_of(nightjar, place).keys() == before.keys()


def test_a_repair_that_breaks_off_is_mended_by_another(
    nightjar: Nightjar, run: Callable[[str], int], tmp_path: Path
) -> None:
    place = str(tmp_path / "warehouse")
    run(place)
    whole = tmp_path / "warehouse"
    expected = damage(Warehouse.at(place))
    for removed in range(0, len(expected), 3):
        copy = shutil.copytree(whole, tmp_path / f"copy {removed}")
        for gone in sorted(expected)[:removed]:
            (copy / gone).unlink()
        assert nightjar("repair", "--warehouse", copy).code == 0
        assert nightjar("repair", "--warehouse", copy, "--json").document["removed"] == []
