"""The Prometheus metrics and the file that keeps them, for node_exporter's textfile collector.

A batch job is gone before anybody scrapes it, so its numbers live in a file: a run reads what the
ones before it have left, adds its own and replaces the file in one step. Labels are flows, states
and stages; never a path, and no camera, of which a site may have ten thousand.
"""

from __future__ import annotations

import fcntl
import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from prometheus_client import CollectorRegistry, write_to_textfile
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

logger = logging.getLogger(__name__)
Family = CounterMetricFamily | GaugeMetricFamily
Labels = tuple[tuple[str, str], ...]
Series = tuple[str, Labels]


@dataclass(frozen=True, slots=True)
class Metric:
    """What is measured under one name.

    Attributes:
        kind: A counter only grows, over all runs; a gauge is what was found last.
        what: What it tells, in one line.
        labels: Names of its labels.
    """

    kind: Literal["counter", "gauge"]
    what: str
    labels: tuple[str, ...] = ()


METRICS = {
    "nightjar_frames_total": Metric("counter", "Frames that were embedded."),
    "nightjar_clips_total": Metric("counter", "Clips that were encoded."),
    "nightjar_shard_bytes_total": Metric("counter", "Size of the shards that were committed."),
    "nightjar_scored_frames_total": Metric("counter", "Frames that reports have scored."),
    "nightjar_flagged_frames_total": Metric("counter", "Frames above the threshold."),
    "nightjar_events_total": Metric("counter", "Events that reports tell of."),
    "nightjar_reports_total": Metric("counter", "Reports that were written."),
    "nightjar_stage_seconds_total": Metric(
        "counter", "Time spent in a stage: extract, embed, profile or score.", ("stage",)
    ),
    "nightjar_runs_total": Metric("counter", "Flow runs that ended.", ("flow", "state")),
    "nightjar_frames_per_second": Metric("gauge", "Frames a second of the last embedding."),
    "nightjar_clips_per_second": Metric("gauge", "Clips a second of the last embedding."),
    "nightjar_quarantined_files": Metric("gauge", "Files of the footage that cannot be read."),
    "nightjar_pending_files": Metric("gauge", "Files that were left for the next run."),
    "nightjar_waiting_videos": Metric("gauge", "Videos that are not embedded yet."),
    "nightjar_oldest_waiting_timestamp_seconds": Metric(
        "gauge", "When the oldest video that is not embedded was recorded; absent if none waits."
    ),
    "nightjar_last_run_timestamp_seconds": Metric(
        "gauge", "When the last run of a flow ended.", ("flow",)
    ),
    "nightjar_last_success_timestamp_seconds": Metric(
        "gauge", "When the last run of a flow that was completed ended.", ("flow",)
    ),
    "nightjar_last_run_seconds": Metric("gauge", "How long the last run took.", ("flow",)),
    "nightjar_last_run_state": Metric(
        "gauge", "1 for the state in which the last run of a flow ended.", ("flow", "state")
    ),
}


@dataclass(frozen=True, slots=True)
class Change:
    """What a run has to tell of one metric.

    Attributes:
        name: The metric.
        value: What is added to a counter, or what a gauge is now; None takes a gauge away.
        labels: Its labels.
    """

    name: str
    value: float | None
    labels: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        metric = METRICS[self.name]
        if {*self.labels} != {*metric.labels}:
            raise ValueError(f"{self.name} has the labels {metric.labels}, got {self.labels}")
        if metric.kind == "counter" and not (self.value is not None and self.value >= 0):
            raise ValueError(f"{self.name} only grows, got {self.value}")

    @property
    def series(self) -> Series:
        """The metric and its labels."""
        return self.name, tuple(sorted(self.labels.items()))


def update_metrics(path: Path, changes: Iterable[Change]) -> None:
    """Add what a run has to tell to what the file holds; several runs may do so at once.

    Raises:
        OSError: The file cannot be written.
    """
    with _alone(path):
        values = read_metrics(path)
        for change in changes:
            if change.value is None:
                values.pop(change.series, None)
            elif METRICS[change.name].kind == "counter":
                values[change.series] = values.get(change.series, 0.0) + change.value
            else:
                values[change.series] = change.value
        registry = CollectorRegistry()
        registry.register(_Values(values))
        write_to_textfile(str(path), registry)


def read_metrics(path: Path) -> dict[Series, float]:
    """Return what the file holds of our metrics; one that is damaged counts from 0 again."""
    try:
        families = list(text_string_to_metric_families(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return {}
    except ValueError:  # of the parser, and of bytes that are no text
        logger.warning("%s is no file of metrics: its counters begin at 0 again", path)
        return {}
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
        if sample.name in METRICS
    }


@dataclass(frozen=True, slots=True, eq=False)
class _Values(Collector):
    """Values as prometheus_client writes them."""

    values: Mapping[Series, float]

    def collect(self) -> Iterator[Family]:
        """Yield each metric that has a value, in the order in which they are declared."""
        for name, metric in METRICS.items():
            kind = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
            family: Family = kind(name, metric.what, labels=metric.labels)
            for (owner, labels), value in sorted(self.values.items()):
                if owner == name:
                    known = dict(labels)
                    family.add_metric([known[label] for label in metric.labels], value)
            if family.samples:
                yield family


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Keep other runs on this machine from the file until the block ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_name(f".{path.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
