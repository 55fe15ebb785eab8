"""A night reports what no earlier night has, and loses nothing."""

import json
import os
import shutil
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime, tzinfo
from pathlib import Path
from threading import Timer
from typing import Any, Self

import jsonschema
import pytest

from storage.footage import find_sightings
from storage.local_folder import LocalFolder
from storage.nights import FOLDER, Night, ReportedFile, record_night
from storage.reports import report_json_schema
from storage.turns import Turn, await_turn
from storage.warehouse import Warehouse
from tests.flows.conftest import Nightjar
from tests.footage import settled, write_video

BACK_S = 7200.0


@pytest.fixture
def quick(command_line: Nightjar, calls: Counter[str]) -> Nightjar:
    """Return a function that runs the command line without Prefect's engine."""
    assert not calls
    return command_line


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
    quick: Nightjar, archive: Path, model: Path
) -> None:
    options = night_options(archive, model)
    quick(*options)
    for path in archive.rglob("*.avi"):  # the same size, the same time, and no video any more
        status = path.stat()
        path.write_bytes(bytes(status.st_size))
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    again = quick(*options)
    assert again.code == 0, again.err
    assert (again.document["new_videos"], again.document["embedded_clips"]) == (0, 0)
    assert "<h1>Nothing new</h1>" in (Path(again.document["report"]) / "report.html").read_text()
    assert len(list((archive / "warehouse" / "nights" / "default").iterdir())) == 1

    quiet = quick(*options, "--quiet").document
    assert (quiet["report"], quiet["new_videos"], quiet["videos"]) == (None, 0, 0)
    assert len(list((archive / "warehouse" / "reports").iterdir())) == 2
    assert quick("verify", "--warehouse", archive / "warehouse").code == 0


def test_a_night_that_was_killed_before_it_was_recorded_is_reported_again(
    quick: Nightjar, archive: Path, model: Path
) -> None:
    options = night_options(archive, model)
    quick(*options)
    (record,) = (archive / "warehouse" / "nights" / "default").iterdir()
    whole = record.read_text()
    record.write_text(whole[: len(whole) // 2])
    found = quick("verify", "--warehouse", archive / "warehouse", "--json")
    assert [item["place"] for item in found.document["findings"]] == [
        f"{FOLDER}/default/{record.name}"
    ]
    quick("repair", "--warehouse", archive / "warehouse")
    assert not record.exists()
    assert names_in(quick(*options).document) == ["b.avi"]
    other = quick(*options, "--profile", "other").document
    assert names_in(other) == ["b.avi"], "each profile has nights of its own"


def test_normal_footage_that_is_added_goes_into_the_profile(
    quick: Nightjar, archive: Path, model: Path
) -> None:
    options = night_options(archive, model)
    first = quick(*options).document
    warehouse = ("--warehouse", archive / "warehouse", "--json")
    by_hand = quick("profile", "update", "--normal", "camera:yard", *warehouse)
    assert by_hand.document["profile"]["version"] == "2"
    assert quick(*options).document["profile"]["version"] == "2", "what people add stays"

    write_video(archive / "normal" / "door" / "d.avi", 20, seed=3)
    added = quick(*options).document
    assert (first["profile"]["version"], added["profile"]["version"]) == ("1", "3")
    assert report_of(added)["normal"]["videos"] == 3
    # Its own folder may go: the profile is used as it is.
    shutil.rmtree(archive / "normal")
    write_video(archive / "new" / "yard" / "e.avi", 20, seed=4)
    without = [word for word in options if word not in ("--normal", archive / "normal")]
    assert quick(*without).document["profile"]["version"] == "3"


def test_a_night_needs_a_profile_of_its_encoder(
    quick: Nightjar, archive: Path, model: Path
) -> None:
    options = night_options(archive, model)
    without = [word for word in options if word not in ("--normal", archive / "normal")]
    missing = quick(*without)
    assert (missing.code, missing.out, missing.err.count("\n")) == (2, "", 1)
    assert "--normal" in missing.err
    assert "'default'" in missing.err

    assert quick(*options).code == 0
    other = quick(*without, "--stride", "2")
    assert other.code == 2
    assert "default@1" in other.err
    # Another encoder's version beside it: each night finds its own.
    assert quick(*options, "--stride", "2").document["profile"]["version"] == "2"
    assert quick(*options).document["profile"]["version"] == "1"
    assert quick(*without).document["profile"]["version"] == "1"
    assert Warehouse.at(str(archive / "warehouse")).folders_in("profiles/default") == ["1", "2"]


def test_a_night_waits_for_another_of_its_profile_and_reports_no_file_twice(
    quick: Nightjar, archive: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = night_options(archive, model)
    quick(*options)
    write_video(archive / "new" / "yard" / "c.avi", 16, seed=2)
    warehouse = Warehouse.at(str(archive / "warehouse"))
    other = ExitStack()
    other.enter_context(await_turn(warehouse, "default").kept())

    def report_it() -> None:
        seen = find_sightings(warehouse, [str(archive / "new" / "yard" / "c.avi")])
        files = tuple(ReportedFile(path, item.video_id) for path, item in seen.items())
        record_night(warehouse, Night("default", "other", "2026-11-25T04:00:00+00:00", files))
        other.close()

    def ask(*arguments: Any) -> Turn:
        Timer(0.3, report_it).start()  # while this night waits
        return await_turn(*arguments)

    monkeypatch.setattr("tasks.nights.await_turn", ask)
    late = quick(*options).document
    assert (late["new_videos"], late["embedded_clips"]) == (0, 1)
    assert list((archive / "warehouse" / "leases").iterdir()) == []


def test_a_known_video_costs_a_night_no_task_and_few_reads(
    quick: Nightjar,
    archive: Path,
    model: Path,
    monkeypatch: pytest.MonkeyPatch,
    calls: Counter[str],
) -> None:
    options = [*night_options(archive, model), "--quiet"]
    for name in ("open", "exists", "files_below", "folders_in", "commit_file"):
        monkeypatch.setattr(LocalFolder, name, counting(getattr(LocalFolder, name), name, calls))
    told = []
    for seeds in ((), range(10, 14)):
        for seed in seeds:
            write_video(archive / "new" / "yard" / f"{seed}.avi", 16, seed=seed)
        assert quick(*options).document["new_videos"] == len(seeds) or not seeds
        calls.clear()
        assert quick(*options).document["new_videos"] == 0
        told.append(dict(calls))
    few, many = told
    # A video's sighting is read by each of four steps, its length by two, and a shard's footer by
    # one; in a bucket each is a request. Beside them there is the document of one more night.
    assert many.pop("open") == few.pop("open") + 4 * (4 + 2 + 1) + 1
    assert many == few, "neither flows, tasks nor listings"


def counting(method: Callable[..., Any], name: str, counted: Counter[str]) -> Callable[..., Any]:
    def call(*arguments: Any, **more: Any) -> Any:
        counted[name] += 1
        return method(*arguments, **more)

    return call


def test_a_clock_that_is_set_back_neither_loses_nor_repeats_a_file(
    quick: Nightjar, archive: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = night_options(archive, model)
    first = quick(*options).document
    write_video(archive / "new" / "yard" / "c.avi", 16, seed=2)
    write_video(archive / "normal" / "door" / "d.avi", 20, seed=3)
    now = time.time

    class Earlier(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Self:
            return cls.fromtimestamp(now() - BACK_S, tz)

    with monkeypatch.context() as clock:  # the files are from its future, an hour ahead
        clock.setattr("time.time", lambda: now() - BACK_S)
        for module in ("storage.reports", "storage.night_ledger", "tasks.nights", "tasks.scoring"):
            clock.setattr(f"{module}.datetime", Earlier)
        clock.setattr(
            "storage.night_ledger.MERGE_AT", 2
        )  # its ledger seems older than what it holds
        back = quick(*options).document
    assert back["report"] < first["report"], "reports are sorted by what the clock said"
    assert names_in(back) == ["c.avi"]
    assert (back["profile"]["version"], back["pending"]) == ("2", 0), "versions are counted"
    again = quick(*options).document
    assert (again["new_videos"], again["profile"]["version"]) == (0, "2")
