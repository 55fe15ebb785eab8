"""A night reports what no earlier night has, and loses nothing."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from storage.nights import FOLDER
from storage.reports import report_json_schema
from storage.warehouse import Warehouse
from tests.flows.conftest import Nightjar
from tests.footage import settled, write_video


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Return a folder with a normal video and a new one."""
    write_video(tmp_path / "normal" / "door" / "a.avi", 40)
    write_video(tmp_path / "new" / "yard" / "b.avi", 20, seed=1)
    return tmp_path


def night_options(archive: Path, model: Path) -> list[str | Path]:
    return [
        "nightly", "--footage", archive / "new", "--normal", archive / "normal",
        "--model", model, "--warehouse", archive / "warehouse", "--json",
    ]  # fmt: skip


def report_of(summary: dict[str, Any]) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((Path(summary["report"]) / "report.json").read_text())
    jsonschema.validate(document, report_json_schema())
    return document


def names_in(summary: dict[str, Any]) -> list[str]:
    return [Path(video["path"]).name for video in report_of(summary)["videos"]]


def test_each_file_is_reported_by_one_night(nightjar: Nightjar, archive: Path, model: Path) -> None:
    options = night_options(archive, model)
    first = nightjar(*options)
    assert first.code == 0, first.err
    assert (first.document["new_videos"], first.document["videos"]) == (1, 1)
    assert first.document["embedded_clips"] == 3 + 2
    assert names_in(first.document) == ["b.avi"]

    yard = archive / "new" / "yard"
    (yard / "b.avi").rename(yard / "renamed.avi")
    late = write_video(yard / "c.avi", 16, seed=2)
    os.utime(late)  # it is still being written
    (yard / "letter.avi").write_text("Dear Sir or Madam")
    settled(yard / "letter.avi")
    second = nightjar(*options).document
    assert (second["new_videos"], second["pending"], second["quarantined"]) == (0, 1, 1)
    settled(late)
    third = nightjar(*options).document
    assert (third["new_videos"], third["pending"], third["quarantined"]) == (1, 0, 0)
    assert names_in(third) == ["c.avi"]
    assert third["profile"] == first.document["profile"], "nothing was added to the normal footage"


def test_a_night_with_nothing_new_says_so_and_reads_no_footage(
    nightjar: Nightjar, archive: Path, model: Path
) -> None:
    options = night_options(archive, model)
    nightjar(*options)
    for path in archive.rglob("*.avi"):  # the same size, the same time, and no video any more
        status = path.stat()
        path.write_bytes(bytes(status.st_size))
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    again = nightjar(*options)
    assert again.code == 0, again.err
    assert (again.document["new_videos"], again.document["embedded_clips"]) == (0, 0)
    assert "<h1>Nothing new</h1>" in (Path(again.document["report"]) / "report.html").read_text()
    assert len(list((archive / "warehouse" / "nights" / "default").iterdir())) == 1

    quiet = nightjar(*options, "--quiet").document
    assert (quiet["report"], quiet["new_videos"], quiet["videos"]) == (None, 0, 0)
    assert len(list((archive / "warehouse" / "reports").iterdir())) == 2
    assert nightjar("verify", "--warehouse", archive / "warehouse").code == 0


def test_a_night_that_was_killed_before_it_was_recorded_is_reported_again(
    nightjar: Nightjar, archive: Path, model: Path
) -> None:
    options = night_options(archive, model)
    nightjar(*options)
    (record,) = (archive / "warehouse" / "nights" / "default").iterdir()
    whole = record.read_text()
    record.write_text(whole[: len(whole) // 2])
    found = nightjar("verify", "--warehouse", archive / "warehouse", "--json")
    assert [item["place"] for item in found.document["findings"]] == [
        f"{FOLDER}/default/{record.name}"
    ]
    nightjar("repair", "--warehouse", archive / "warehouse")
    assert not record.exists()
    assert names_in(nightjar(*options).document) == ["b.avi"]
    other = nightjar(*options, "--profile", "other").document
    assert names_in(other) == ["b.avi"], "each profile has nights of its own"


def test_normal_footage_that_is_added_goes_into_the_profile(
    nightjar: Nightjar, archive: Path, model: Path
) -> None:
    options = night_options(archive, model)
    first = nightjar(*options).document
    warehouse = ("--warehouse", archive / "warehouse", "--json")
    by_hand = nightjar("profile", "update", "--normal", "camera:yard", *warehouse)
    assert by_hand.document["profile"]["version"] == "2"
    assert nightjar(*options).document["profile"]["version"] == "2", "what people add stays"

    write_video(archive / "normal" / "door" / "d.avi", 20, seed=3)
    added = nightjar(*options).document
    assert (first["profile"]["version"], added["profile"]["version"]) == ("1", "3")
    assert report_of(added)["normal"]["videos"] == 3
    # Its own folder may go: the profile is used as it is.
    shutil.rmtree(archive / "normal")
    write_video(archive / "new" / "yard" / "e.avi", 20, seed=4)
    without = [word for word in options if word not in ("--normal", archive / "normal")]
    assert nightjar(*without).document["profile"]["version"] == "3"


def test_a_night_needs_a_profile_of_its_encoder(
    nightjar: Nightjar, archive: Path, model: Path
) -> None:
    options = night_options(archive, model)
    without = [word for word in options if word not in ("--normal", archive / "normal")]
    missing = nightjar(*without)
    assert (missing.code, missing.out, missing.err.count("\n")) == (2, "", 1)
    assert "--normal" in missing.err
    assert "'default'" in missing.err

    assert nightjar(*options).code == 0
    other = nightjar(*without, "--stride", "2")
    assert other.code == 2
    assert "default@1" in other.err
    # Another encoder's version beside it: each night finds its own.
    assert nightjar(*options, "--stride", "2").document["profile"]["version"] == "2"
    assert nightjar(*options).document["profile"]["version"] == "1"
    assert nightjar(*without).document["profile"]["version"] == "1"
    assert Warehouse.at(str(archive / "warehouse")).folders_in("profiles/default") == ["1", "2"]
