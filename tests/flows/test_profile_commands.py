"""Profiles and feedback from the user's side: what is printed, what is built, what is refused."""

import csv
import json
from pathlib import Path

import jsonschema
import numpy as np
import pyarrow.parquet as pq
import pytest

from storage.reports import report_json_schema
from tests.flows.conftest import Nightjar, Result
from tests.footage import write_video

SUMMARY = {
    "report", "profile", "threshold", "videos", "frames", "flagged_frames", "events",
    "quarantined", "embedded_clips",
}  # fmt: skip


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    for seed, name in enumerate(("normal/gate/a", "normal/gate/b", "normal/yard/c", "new/gate/d")):
        write_video(tmp_path / f"{name}.avi", 32, seed=seed)
    return tmp_path


def assert_built(result: Result, name: str, version: str, videos: int) -> None:
    assert result.code == 0, result.err
    document = result.document
    assert document["profile"] == {"name": name, "version": version}
    assert (document["new"], document["embedded_clips"]) == (True, 0)
    assert (document["videos"], document["frames"]) == (videos, 32 * videos)
    assert document["standing_out"] == []


Place = tuple[str | Path, ...]


def assert_judged_by_mahalanobis(ran: Result) -> None:
    assert ran.document.keys() >= SUMMARY
    assert (ran.document["distance"], ran.document["embedded_clips"]) == ("mahalanobis", 8)
    report = Path(ran.document["report"])
    document = json.loads((report / "report.json").read_text())
    jsonschema.validate(document, report_json_schema())
    frames = pq.read_table(report / "frame_scores.parquet")
    scores, distances, flagged, thresholds = (
        frames.column(name).to_numpy() for name in ("score", "mahalanobis", "flagged", "threshold")
    )
    assert np.array_equal(flagged, distances > thresholds)
    assert flagged.sum() == ran.document["flagged_frames"] > 0 == (scores > thresholds).sum()


def assert_built_from_each_other(nightjar: Nightjar, archive: Path, place: Place) -> None:
    normal = ("--normal", archive / "normal")
    assert_built(nightjar("profile", "build", *normal, "--by", "camera", *place), "default", "2", 3)
    shown = nightjar("profile", "show", *place).document
    assert (shown["entry"]["version"], shown["entry"]["by"]) == ("2", "camera")
    assert [item["camera"] for item in shown["cameras"]] == ["gate", "yard"]
    scopes = {item["scope"] for item in shown["thresholds"]}
    assert scopes == {"all", "camera:gate", "camera:yard"}
    assert len(shown["footage"]) == 3
    gate = ("--normal", "camera:gate", "--until", "2000-01-01")
    nothing = nightjar("profile", "subtract", "default", *gate, "--profile", "x", *place)
    assert (nothing.code, nothing.err.count("\n")) == (2, 1)
    away = ("--normal", archive / "normal" / "yard", "--profile", "gate")
    assert_built(nightjar("profile", "subtract", "default", *away, *place), "gate", "1", 2)
    merged = nightjar("profile", "merge", "gate", "default@1", "--profile", "all", *place)
    assert_built(merged, "all", "1", 3)
    compared = nightjar("profile", "diff", "gate", "all@1", *place).document
    assert (compared["before"], compared["after"]) == ("gate@1", "all@1")
    assert (len(compared["added"]), compared["removed"], compared["frames"]) == (1, [], [64, 96])
    assert compared["mean_distance"] > 0
    listed = nightjar("profile", "list", *place).document["profiles"]
    assert [(item["name"], item["version"], item["made_by"]) for item in listed] == [
        ("all", "1", "merge of gate default@1"),
        ("default", "1", "build"),
        ("default", "2", "build"),
        ("gate", "1", "subtraction from default"),
    ]


def assert_learned_from(nightjar: Nightjar, archive: Path, place: Place, report: Path) -> None:
    with (report / "events.csv").open(newline="") as file:
        event_id = next(csv.DictReader(file))["event_id"]
    verdicts = archive / "feedback.csv"
    verdicts.write_text(f"event_id,verdict\r\n{event_id},normal\r\n", encoding="utf-8-sig")
    learned = nightjar("feedback", "--file", verdicts, *place)
    assert learned.code == 0, learned.err
    assert learned.document["feedback"] == {event_id: "normal"}
    assert learned.document["embedded_clips"] == 0
    (changed,) = learned.document["profiles"]
    assert (changed["profile"], changed["new"]) == ({"name": "default", "version": "3"}, True)
    assert changed["regression"] == {"anomalies": 0, "missed": []}
    (change,) = changed["reports"]
    assert change["report_id"] == report.name
    assert change.keys() >= {"alarms", "vanished", "appeared", "unknown"}


def test_a_profile_goes_through_its_whole_life(
    nightjar: Nightjar, archive: Path, model: Path
) -> None:
    place = ("--warehouse", archive / "warehouse", "--json")
    ran = nightjar(
        "run", "--normal", archive / "normal", "--footage", archive / "new", "--model", model,
        "--distance", "mahalanobis", "--threshold", "quantile:0.3", *place,
    )  # fmt: skip
    assert ran.code == 0, ran.err
    assert_judged_by_mahalanobis(ran)
    assert_built_from_each_other(nightjar, archive, place)
    assert_learned_from(nightjar, archive, place, Path(ran.document["report"]))


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("run --distance nearness", ["--distance", "mahalanobis", "nearness"]),
        ("run --distances mse nearness", ["--distances", "mahalanobis", "nearness"]),
        ("run --distances mse --distance knn", ["knn", "--distances"]),
        ("run --distance patch --patch-sketch 0", ["patch", "--patch-sketch"]),
        ("run --threshold budget:0/day", ["budget:1/day", "budget:0/day"]),
        ("run --threshold budget:1/year", ["budget:1/day", "budget:1/year"]),
        ("run --half-life 0", ["--half-life-d", "greater than 0"]),
        ("profile build --since yesterday", ["--since", "yesterday"]),
        ("profile build --by moon", ["--by", "moon", "hour-of-day"]),
        ("profile merge --profile x", ["PROFILES"]),
        ("feedback", ["EVENT_ID", "--file"]),
        ("feedback 0123456789abcdef", ["EVENT_ID", "normal", "anomaly"]),
        ("feedback 0123456789abcdef maybe", ["maybe", "normal", "anomaly"]),
        ("feedback --file nowhere.csv", ["nowhere.csv"]),
        ("feedback --file wrong.csv", ["wrong.csv", "line 3", "normal or anomaly", "usual"]),
        ("feedback --file empty.csv", ["empty.csv", "no row"]),
    ],
)
def test_a_wrong_request_ends_with_one_line(
    nightjar: Nightjar, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    command: str, words: list[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    (tmp_path / "wrong.csv").write_text("event_id,verdict\n0,normal\n1,usual\n")
    (tmp_path / "empty.csv").write_text("event_id,verdict\n")
    name, *rest = command.split()
    footage = ["--footage", "x"] if name == "run" else []
    normal = ["--normal", "x"] if name == "run" or "build" in rest else []
    result = nightjar(name, *rest, *normal, *footage)
    assert (result.code, result.out) == (2, ""), result.err
    assert (result.err[:10], result.err.count("\n")) == ("nightjar: ", 1), result.err
    for word in words:
        assert word in result.err
    assert {path.name for path in tmp_path.iterdir()} == {"wrong.csv", "empty.csv"}
