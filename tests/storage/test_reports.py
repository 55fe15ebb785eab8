import csv
import io
import json
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from jsonschema import Draft202012Validator, ValidationError

from storage.errors import CorruptShardError, NotStoredError
from storage.local_folder import LocalFolder
from storage.reports import (
    FrameTimes,
    ReportWriter,
    new_report,
    read_report,
    report_json_schema,
    report_place,
)
from storage.warehouse import Warehouse
from tests.storage.samples import HOSTILE_PATHS, interruptions, paths_in, places_in, put, schema_of

# A report's texts are what tasks.video.search.printable makes of a path: valid Unicode.
PATHS = [path for path in HOSTILE_PATHS if "\udcff" not in path]
EVENT = {
    "event_id": "0123456789abcdef",
    "frame_start": 1,
    "frame_end": 3,
    "time_start_s": 0.1 + 0.2,
    "time_end_s": 0.5,
    "recorded_at": "2026-11-25T04:00:00.333+01:00",
    "health": ["frozen"],
    "peak_frame": 2,
    "peak_score": 1 / 3,
    "mean_score": 5e-324,
}


AILMENT = {
    "kind": "frozen",
    "frame_start": 1,
    "frame_end": 3,
    "time_start_s": 0.1,
    "time_end_s": 0.5,
    "recorded_at": None,
}


def video(path: str, **changes: Any) -> dict[str, Any]:
    return {
        "video_id": "ab" * 16,
        "camera": 'gate "7", left',
        "path": path,
        "frames": 4,
        "flagged_frames": 2,
        "duration_s": 0.64,
        "decoder": "pyav (damaged file)",
        "recorded_at": "2026-11-25T04:00:00.000+01:00",
        "recorded_by": "path",
        "damage": "error while decoding (3 times)",
        "truncated": True,
        "health": [AILMENT],
        "events": [EVENT],
        **changes,
    }


def document(report_id: str, **changes: Any) -> dict[str, Any]:
    return {
        "report_id": report_id,
        "created_at": "2025-03-07T06:30:00+00:00",
        "profile": {"name": "default", "version": "12"},
        "encoder_id": "e" * 16,
        "threshold": 0.25,
        "threshold_rule": "quantile:0.999",
        "normal": {"videos": 2, "frames": 900, "frames_left_out": 100},
        "videos": [video(path) for path in PATHS],
        "quarantined": [{"path": path, "reason": "no frame decodes"} for path in PATHS],
        "pending": [{"path": path, "reason": "not embedded yet"} for path in PATHS],
        **changes,
    }


def write_frames(report: ReportWriter, item: dict[str, Any]) -> None:
    scores = np.array(item.get("scores", [0.25, 0.5, 1 / 3, 0.0]))
    times = FrameTimes(np.arange(len(scores)) / 25)
    report.write_frames(item, times, {"mse": scores}, 0.25, scores > 0.25)


def write_report(
    warehouse: Warehouse, end: type[BaseException] | None = None, **changes: Any
) -> str:
    with new_report(warehouse) as report:
        written = document(report.report_id, **changes)
        for item in written["videos"]:
            write_frames(report, item)
        report.write_document(written, "<p>größer</p>")
        assert warehouse.files_below(report_place(report.report_id)) == []
        if end is not None:
            raise end
    return report.report_id


def test_a_report_has_the_files_of_the_contract(warehouse: Warehouse) -> None:
    report_id = write_report(warehouse)
    files = ("events.csv", "frame_scores.parquet", "report.html", "report.json")
    assert places_in(warehouse) == [f"reports/{report_id}/{name}" for name in files]
    page = warehouse.read_bytes(f"reports/{report_id}/report.html")
    assert page.decode("utf-8") == "<p>größer</p>"
    if isinstance(warehouse.medium, LocalFolder):  # an object store has no empty folder
        assert "media" in paths_in(warehouse.medium.folder / report_place(report_id))


def test_report_json_comes_back_and_follows_the_published_schema(warehouse: Warehouse) -> None:
    report_id = write_report(warehouse)
    read = json.loads(warehouse.read_bytes(f"{report_place(report_id)}/report.json"))
    Draft202012Validator(report_json_schema()).validate(read)
    assert read == document(report_id)


def test_the_published_schema_is_a_schema_and_asks_for_all_that_the_contract_names() -> None:
    schema = report_json_schema()
    Draft202012Validator.check_schema(schema)
    asked = "report_id created_at profile encoder_id threshold videos quarantined"
    assert {*asked.split()} <= {*schema["required"]}
    of_video = "video_id path camera frames flagged_frames events"
    assert {*of_video.split()} <= {*schema["$defs"]["video"]["required"]}
    assert EVENT.keys() <= {*schema["$defs"]["event"]["required"]}


@pytest.mark.parametrize(
    "changes",
    [
        {"threshold": "0.25"},
        {"profile": {"name": "default", "version": 1}},
        {"videos": {}},
        {"videos": [video("/in", frames=0)]},
        {"videos": [video("/in", flagged_frames=-1)]},
        {"videos": [video("/in", video_id="AB" * 16)]},
        {"videos": [video("/in", events=[{**EVENT, "peak_frame": 1.5}])]},
        {"videos": [video("/in", events=[{**EVENT, "event_id": "0"}])]},
        {"videos": [video("/in", events=[{**EVENT, "rank": 0}])]},
        {"videos": [video("/in", events=[{**EVENT, "heat": [-1]}])]},
        {"videos": [video("/in", events=[{**EVENT, "verdict": "maybe"}])]},
        {"drift": [{"camera": "gate"}]},
        {"regression": {"anomalies": 1}},
        {"quarantined": ["/in/a.mp4"]},
        {"pending": [{"path": "/in", "reason": ""}]},
    ],
    ids=str,
)
def test_the_published_schema_refuses_what_is_no_report(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Draft202012Validator(report_json_schema()).validate(document("r", **changes))


def test_events_csv_has_one_row_an_event(warehouse: Warehouse) -> None:
    events = [EVENT, {**EVENT, "event_id": "f" * 16, "peak_score": 1e300}]
    videos = [video(path, events=events) for path in PATHS] + [video("/in/calm", events=[])]
    place = report_place(write_report(warehouse, videos=videos))
    text = warehouse.read_bytes(f"{place}/events.csv").decode("utf-8")
    header, *rows = csv.reader(io.StringIO(text, newline=""))
    assert header == [
        *("event_id", "camera", "path", "video_id", "frame_start", "frame_end"),
        *("time_start_s", "time_end_s", "peak_frame", "peak_score", "mean_score", "recorded_at"),
        *("rank", "duration_s", "once_in_days"),
    ]
    found = [dict(zip(header, row, strict=True)) for row in rows]
    expected = [{**item, **event} for item in videos for event in item["events"]]
    assert found == [{name: str(row.get(name, "")) for name in header} for row in expected]


def test_events_csv_of_a_calm_night_is_its_header(warehouse: Warehouse) -> None:
    place = report_place(write_report(warehouse, videos=[video("/in", events=[])]))
    assert len(warehouse.read_bytes(f"{place}/events.csv").splitlines()) == 1


@pytest.mark.parametrize("count", [0, 1, len(PATHS)])
def test_frame_scores_have_one_row_a_frame(warehouse: Warehouse, count: int) -> None:
    videos = [video(path) for path in PATHS[:count]]
    place = report_place(write_report(warehouse, videos=videos))
    table = pq.ParquetFile(warehouse.open(f"{place}/frame_scores.parquet")).read()
    assert schema_of(table.schema) == [
        ("video_id", pa.string()),
        ("camera", pa.string()),
        ("path", pa.string()),
        ("frame", pa.int64()),
        ("time_s", pa.float64()),
        ("recorded_at", pa.timestamp("us", tz="UTC")),
        ("score", pa.float64()),
        ("threshold", pa.float64()),
        ("flagged", pa.bool_()),
    ]
    for name in ("video_id", "camera", "path"):
        assert table[name].to_pylist() == [item[name] for item in videos for _ in range(4)]
    assert table["frame"].to_pylist() == [0, 1, 2, 3] * count
    assert table["time_s"].to_pylist() == [0.0, 1 / 25, 2 / 25, 3 / 25] * count
    assert table["recorded_at"].to_pylist() == [None] * 4 * count
    assert table["score"].to_pylist() == [0.25, 0.5, 1 / 3, 0.0] * count
    assert table["threshold"].to_pylist() == [0.25] * 4 * count
    assert table["flagged"].to_pylist() == [False, True, True, False] * count


def test_a_report_can_be_read_back_video_by_video(warehouse: Warehouse) -> None:
    videos = [video(path, scores=[1 / 3, float(n)] * (n + 1)) for n, path in enumerate(PATHS)]
    report_id = write_report(warehouse, videos=videos)
    report = read_report(warehouse, report_id)
    assert report.document == document(report_id, videos=videos)
    for item in videos:
        assert report.scores_of(item["path"]).tolist() == item["scores"]
    assert report.scores_of("/in/unknown").tolist() == []


def test_a_missing_report_and_a_damaged_one_are_told_apart(warehouse: Warehouse) -> None:
    report_id = write_report(warehouse)
    put(warehouse, f"{report_place(report_id)}/report.json", b"{")
    with pytest.raises(CorruptShardError, match=report_id):
        read_report(warehouse, report_id)
    with pytest.raises(NotStoredError, match="no report none"):
        read_report(warehouse, "none")


def test_no_flipped_byte_of_a_page_gives_other_scores(local_warehouse: Warehouse) -> None:
    report_id = write_report(local_warehouse, videos=[video("/in/a")])
    place = f"{report_place(report_id)}/frame_scores.parquet"
    whole = local_warehouse.read_bytes(place)
    footer = len(whole) - 8 - int.from_bytes(whole[-8:-4], "little")
    sound = read_report(local_warehouse, report_id).scores_of("/in/a").tolist()
    noticed = 0
    for index in range(0, footer, 3):
        flipped = whole[:index] + bytes([whole[index] ^ 0xFF]) + whole[index + 1 :]
        put(local_warehouse, place, flipped)
        try:
            read = read_report(local_warehouse, report_id).scores_of("/in/a").tolist()
        except CorruptShardError:
            noticed += 1
        else:
            assert read == sound
    assert noticed > 0


@interruptions
def test_an_interrupted_report_is_no_report(
    warehouse: Warehouse, interruption: type[BaseException]
) -> None:
    with pytest.raises(interruption):
        write_report(warehouse, interruption)
    assert places_in(warehouse) == []


def test_every_report_has_an_id_of_its_own_that_a_path_can_hold(warehouse: Warehouse) -> None:
    ids = {write_report(warehouse) for _ in range(3)}
    assert {*warehouse.folders_in("reports")} == ids
    assert len(ids) == 3
    assert all(report_id.replace("-", "").isalnum() for report_id in ids)


def test_frames_are_recorded_as_long_after_the_first_as_they_are_shown_after_it() -> None:
    start = datetime.fromisoformat("2026-11-25T04:00:00.5+01:00")
    moments = FrameTimes(np.array([7.0, 7.04, 10.0]), start).recorded_at()
    assert moments.type == pa.timestamp("us", tz="UTC")
    expected = ["03:00:00.500000", "03:00:00.540000", "03:00:03.500000"]
    assert [f"{moment:%H:%M:%S.%f}" for moment in moments.to_pylist()] == expected
    assert FrameTimes(np.array([7.0, 7.04])).recorded_at().null_count == 2


def test_a_frame_beyond_the_calendar_has_no_moment() -> None:
    start = datetime.fromisoformat("2026-11-25T04:00:00+00:00")
    moments = FrameTimes(np.array([0.0, 1e9, 1e18]), start).recorded_at().to_pylist()
    assert [moment is None for moment in moments] == [False, False, True]
