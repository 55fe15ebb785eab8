"""The file of metrics: what others read in it, and that counters outlive the run."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tasks.metrics import METRICS, Change, read_metrics, update_metrics

DASHBOARD = Path(__file__).resolve().parents[2] / "deployments" / "grafana-dashboard.json"


def test_counters_grow_over_runs_and_gauges_are_replaced(tmp_path: Path) -> None:
    path = tmp_path / "nightjar.prom"
    for frames, pending in ((10, 3), (5, 1)):
        update_metrics(
            path,
            [
                Change("nightjar_frames_total", frames),
                Change("nightjar_pending_files", pending),
                Change("nightjar_stage_seconds_total", 2.5, {"stage": "embed"}),
            ],
        )
    families = {family.name: family for family in text_string_to_metric_families(path.read_text())}
    assert {name: family.type for name, family in families.items()} == {
        "nightjar_frames": "counter",
        "nightjar_stage_seconds": "counter",
        "nightjar_pending_files": "gauge",
    }
    assert families["nightjar_frames"].samples[0].value == 15
    assert families["nightjar_pending_files"].samples[0].value == 1
    stage = families["nightjar_stage_seconds"].samples[0]
    assert (stage.labels, stage.value) == ({"stage": "embed"}, 5.0)
    assert path.stat().st_mode & 0o044 == 0o044, "node_exporter is another user"


def test_a_gauge_that_means_nothing_any_more_is_taken_away(tmp_path: Path) -> None:
    path = tmp_path / "nightjar.prom"
    name = "nightjar_oldest_waiting_timestamp_seconds"
    update_metrics(path, [Change(name, 1.0)])
    update_metrics(path, [Change(name, None)])
    assert read_metrics(path) == {}


def test_runs_at_once_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "nightjar.prom"
    with ThreadPoolExecutor(8) as threads:
        list(
            threads.map(
                lambda _: update_metrics(path, [Change("nightjar_clips_total", 1)]), range(40)
            )
        )
    assert read_metrics(path) == {("nightjar_clips_total", ()): 40}
    assert [item.name for item in path.parent.glob("[!.]*")] == ["nightjar.prom"]


def test_a_damaged_file_is_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "nightjar.prom"
    path.write_bytes(b"nightjar_frames_total many\n\xff")
    update_metrics(path, [Change("nightjar_frames_total", 2)])
    assert read_metrics(path) == {("nightjar_frames_total", ()): 2}


def test_a_change_that_no_metric_knows_is_a_fault() -> None:
    with pytest.raises(ValueError, match="labels"):
        Change("nightjar_frames_total", 1, {"path": "/a"})
    with pytest.raises(ValueError, match="only grows"):
        Change("nightjar_frames_total", -1)


def test_a_counter_is_called_total_and_no_label_is_unbounded() -> None:
    for name, metric in METRICS.items():
        assert (metric.kind == "counter") is name.endswith("_total")
        assert {*metric.labels} <= {"flow", "stage", "state"}


def test_the_dashboard_asks_for_metrics_that_there_are_and_for_each() -> None:
    dashboard = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    queries = [
        target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])
    ]
    asked = {name for query in queries for name in re.findall(r"nightjar_\w+", query)}
    assert asked == METRICS.keys()
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(ids) == len(set(ids))
