"""What is pruned, what never is, and that nothing that was pruned comes back by itself."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from storage.warehouse import Warehouse
from tests.flows.conftest import Nightjar
from tests.footage import write_video

PATTERN = ("--path-pattern", "{camera}/{start:%Y-%m-%d_%H}.avi")
OLD, YOUNG = 40, 2  # days


def path_of(folder: Path, camera: str, days: int) -> Path:
    return folder / camera / f"{datetime.now(UTC) - timedelta(days=days):%Y-%m-%d_%H}.avi"


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Return a folder of normal and new footage of two cameras, some of it old."""
    write_video(path_of(tmp_path / "normal", "gate", OLD), 20, seed=1)
    for seed, (camera, days) in enumerate(
        [("gate", OLD), ("gate", YOUNG), ("yard", OLD), ("yard", YOUNG)], start=2
    ):
        write_video(path_of(tmp_path / "new", camera, days), 16, seed=seed)
    return tmp_path


@pytest.fixture
def run(archive: Path, model: Path) -> list[str | Path]:
    return [
        "run", "--normal", archive / "normal", "--footage", archive / "new", "--model", model,
        *PATTERN, "--warehouse", archive / "warehouse", "--json",
    ]  # fmt: skip


@pytest.fixture
def at(archive: Path) -> list[str | Path]:
    return ["--warehouse", archive / "warehouse", "--json"]


def shards(warehouse: Path) -> list[Path]:
    return sorted(warehouse.rglob("part-*.parquet"))


def files(place: str | Path) -> dict[str, bytes]:
    warehouse = Warehouse.at(str(place))
    return {file: warehouse.read_bytes(file) for file in warehouse.files_below("")}


def without(document: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name not in names}


def test_what_a_dry_run_says_happens_and_does_not_come_back(
    nightjar: Nightjar, archive: Path, run: list[str | Path], at: list[str | Path], model: Path
) -> None:
    warehouse = archive / "warehouse"
    first = nightjar(*run).document
    assert (first["embedded_clips"], first["videos"]) == (2 + 4, 4)
    before = files(warehouse)
    promised = nightjar("prune", "--older-than", "30d", "--dry-run", *at)
    assert promised.code == 0, promised.err
    assert files(warehouse) == before
    done = nightjar("prune", "--older-than", "30d", *at).document
    assert without(done, "dry_run") == without(promised.document, "dry_run")
    assert (done["videos"], done["shards"], done["reports"]) == (2, 2, 0)
    assert done["kept"]["for_profiles"] == 1
    assert [item["camera"] for item in done["cameras"]] == ["gate", "yard"]
    assert done["dated_by"] == {"path": 2, "container": 0, "file": 0}
    gone = before.keys() - files(warehouse).keys()
    assert done["bytes"] == sum(len(before[place]) for place in gone)
    assert {place.split("/")[0] for place in gone} == {"embeddings", "videos", "signs"}
    assert {place.split("/")[0] for place in files(warehouse).keys() - before.keys()} == {"pruned"}

    again = nightjar("prune", "--older-than", "30d", *at).document
    assert (again["videos"], again["bytes"], again["cameras"]) == (0, 0, [])

    night = nightjar(*run).document
    assert (night["embedded_clips"], night["videos"], night["pending"]) == (0, 2, 0)
    assert night["profile"] == first["profile"], "the profile's own footage is still there"
    old = path_of(archive / "new", "yard", OLD)
    old.rename(old.with_name("copy.avi"))
    extracted = nightjar("extract", "--footage", archive / "new", "--model", model, *at).document
    assert (extracted["videos"], extracted["pruned"]) == (2, 2), "known by content, not by name"
    assert nightjar("embed", "--model", model, *at).document["embedded_clips"] == 0
    plan = nightjar("plan", "--footage", archive / "new", "--model", model, *at).document
    assert (plan["clips"], len(plan["pruned"]), plan["embedded_videos"]) == (0, 2, 2)
    scored = nightjar("score", "--footage", "camera:gate", *at)
    assert scored.code == 0, scored.err
    assert scored.document["videos"] == 2
    assert nightjar("profile", "--normal", "camera:gate", "--update", *at).code == 0
    refused = nightjar("profile", "--normal", path_of(archive / "new", "gate", OLD), *at)
    assert refused.code == 2
    assert "pruned" in refused.err

    (warehouse / "pruned").rename(archive / "forgotten")
    back = nightjar(*run).document
    assert (back["embedded_clips"], back["videos"]) == (2, 4), "until somebody takes the mark away"


def test_a_held_report_keeps_what_it_is_about(
    nightjar: Nightjar, archive: Path, run: list[str | Path], at: list[str | Path]
) -> None:
    report = nightjar(*run).document["report"].rpartition("/")[2]
    assert nightjar("report", "hold", report, "--why", "case 7", *at).code == 0
    assert nightjar("report", "hold", report, *at).document["held"][0]["why"] == "case 7"
    (listed,) = nightjar("report", "list", *at).document["reports"]
    assert (listed["report_id"], listed["held"], listed["why"]) == (report, True, "case 7")
    assert (listed["videos"], listed["profile"]) == (4, {"name": "default", "version": "1"})
    made_old(archive / "warehouse", report)
    kept = nightjar("prune", "--older-than", "30d", *at).document
    assert (kept["videos"], kept["reports"], kept["bytes"]) == (0, 0, 0)
    assert kept["kept"] == {
        "for_profiles": 1, "for_held_reports": 2, "held_reports": 1, "undated": 0
    }  # fmt: skip

    released = nightjar("report", "release", report, *at).document["released"]
    assert [entry["report_id"] for entry in released] == [report]
    reports = nightjar("prune", "--older-than", "30d", "--reports", *at).document
    assert (reports["videos"], reports["reports"]) == (0, 1)
    assert reports["removed_reports"][0]["report_id"] == report
    assert not (archive / "warehouse" / "reports" / report).exists()
    assert nightjar("report", "list", *at).document == {"reports": []}
    rest = nightjar("prune", "--older-than", "30d", *at).document
    assert (rest["videos"], rest["reports"]) == (2, 0)


def made_old(warehouse: Path, report: str) -> None:
    """Make a report a year old."""
    place = warehouse / "reports" / report / "report.json"
    document = json.loads(place.read_text())
    document["created_at"] = (datetime.now(UTC) - timedelta(days=365)).isoformat()
    place.write_text(json.dumps(document))


def test_a_removal_that_was_broken_off_is_finished_by_the_next_run(
    nightjar: Nightjar, archive: Path, run: list[str | Path], at: list[str | Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    nightjar(*run)
    calls = []

    def stop(self: Warehouse, place: str, marker: str | None = None) -> None:
        calls.append(place)
        raise PermissionError(13, "no", place)

    with monkeypatch.context() as patch:
        patch.setattr(Warehouse, "remove_folder", stop)
        assert nightjar("prune", "--older-than", "30d", "--camera", "yard", *at).code == 1
    assert len(calls) == 1
    assert len(shards(archive / "warehouse")) == 5
    assert nightjar(*run).document["videos"] == 3, "what is marked is not used, though it is there"
    rest = nightjar("prune", "--older-than", "30d", "--camera", "gate", *at).document
    assert rest["videos"] == 2, "the one that was begun, whatever is asked for now, and the gate's"
    assert len(shards(archive / "warehouse")) == 3


def test_only_the_cameras_that_are_named_lose_anything(
    nightjar: Nightjar, archive: Path, run: list[str | Path], at: list[str | Path]
) -> None:
    nightjar(*run)
    yard = nightjar("prune", "--older-than", "1h", "--camera", "yard", *at).document
    assert (yard["videos"], yard["reports"]) == (2, 0)
    assert [item["camera"] for item in yard["cameras"]] == ["yard"]
    gate = nightjar("prune", "--older-than", "1h", "--camera", "gate", *at[:-1]).out.splitlines()
    assert gate[0].startswith("2 videos (2 shards) and 0 reports older than 1h removed, which")
    assert gate[1].startswith("  gate: 2 videos, ")
    assert gate[2:] == ["videos are dated 2 by their paths", "kept: 1 video needed by profiles"]
    for selectors in ([], ["--footage", "camera:yard"]):
        scored = nightjar("score", *selectors, *at)
        assert scored.code == 0, scored.err
        assert scored.document["videos"] == (0 if selectors else 1)


def test_footage_whose_path_says_nothing_is_as_old_as_its_file(
    nightjar: Nightjar, archive: Path, model: Path, at: list[str | Path]
) -> None:
    nightjar("extract", "--footage", archive / "new", "--model", model, *at)
    assert nightjar("prune", "--older-than", "2h", *at).document["videos"] == 0
    old = nightjar("prune", "--older-than", "1h", *at).document
    assert (old["videos"], old["shards"], old["dated_by"]["file"]) == (4, 0, 4)
    assert nightjar("embed", "--model", model, *at).document["embedded_clips"] == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["prune", "--older-than", "30"], ["--older-than", "30d", "'30'"]),
        (["prune", "--older-than", "0d"], ["above 0"]),
        (["prune", "--older-than", "soon"], ["soon"]),
        (["prune"], ["older-than"]),
        (["prune", "--older-than", "1h", "--camera", "moon"], ["moon"]),
        (["report", "hold", "2026-11-25T03-00-00Z-ffffff"], ["report list"]),
        (["report", "hold", "../reports/x"], ["report list"]),
        (["report", "release", "x"], ["not held"]),
    ],
    ids=lambda value: " ".join(value),
)
def test_what_cannot_be_is_refused(
    nightjar: Nightjar, at: list[str | Path], arguments: list[str], words: list[str]
) -> None:
    found = nightjar(*arguments, *at)
    assert (found.code, found.err.strip().count("\n")) == (2, 0), found.err
    assert all(word in found.err for word in words), found.err
    assert not Path(at[1]).exists()


def test_a_bucket_is_pruned_as_a_folder_is(
    nightjar: Nightjar, archive: Path, run: list[str | Path], bucket: str
) -> None:
    at = ["--warehouse", f"s3://{bucket}/night jar", "--json"]
    report = nightjar(*run[:-3], *at).document["report"].rpartition("/")[2]
    before = files(at[1])
    promised = nightjar("prune", "--older-than", "30d", "--dry-run", *at).document
    done = nightjar("prune", "--older-than", "30d", *at)
    assert done.code == 0, done.err
    assert without(done.document, "dry_run") == without(promised, "dry_run")
    gone = before.keys() - files(at[1]).keys()
    assert (done.document["videos"], len(gone)) == (2, 2 * 3)
    assert done.document["bytes"] == sum(len(before[place]) for place in gone)
    assert nightjar("report", "hold", report, *at).code == 0
    assert nightjar("report", "list", *at).document["reports"][0]["held"]
    assert nightjar(*run[:-3], *at).document["embedded_clips"] == 0
