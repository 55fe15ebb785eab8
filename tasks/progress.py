"""How far long work has come: a bar on a terminal, and a progress artifact in Prefect."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import cast
from uuid import UUID

from prefect.artifacts import create_progress_artifact, update_progress_artifact
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from tasks.report.words import length

logger = logging.getLogger(__name__)
ARTIFACT_EVERY_S = 5.0
LOG_EVERY_S = 60.0


class RateColumn(ProgressColumn):
    """Units a second, as rich measures them over the last while."""

    def render(self, task: Task) -> Text:
        """Return the rate, or nothing while it is unknown."""
        rate = task.finished_speed or task.speed
        return Text("" if rate is None else f"{rate:.1f} {task.fields['unit']}/s")


@dataclass(slots=True)
class Meter:
    """Counts what is done of one stage.

    Attributes:
        stage: What is being done.
        unit: What is counted, in the plural.
        total: Units to do.
        videos: Videos to do.
    """

    stage: str
    unit: str
    total: int
    videos: int
    _bar: Progress
    _artifact: UUID
    _done: int = 0
    _videos_done: int = 0
    _begun: float = field(default_factory=time.monotonic)
    _published: float = field(default_factory=time.monotonic)
    _logged: float = field(default_factory=time.monotonic)

    def advance(self, units: int = 0, videos: int = 0) -> None:
        """Count units and videos that have been done."""
        self._done += units
        self._videos_done += videos
        self._bar.update(
            self._bar.task_ids[0],
            completed=self._done,
            videos=f"{self._videos_done}/{self.videos} videos",
        )
        if time.monotonic() - self._published > ARTIFACT_EVERY_S:
            self.publish()

    def publish(self) -> None:
        """Bring the artifact up to date."""
        now = time.monotonic()
        self._published = now
        percent = 100.0 * self._done / self.total if self.total else 100.0
        words = (
            f"{self.stage}: {self._done}/{self.total} {self.unit}, "
            f"{self._videos_done}/{self.videos} videos{self._pace(now)}"
        )
        update_progress_artifact(self._artifact, min(percent, 100.0), words)
        if now - self._logged > LOG_EVERY_S:
            self._logged = now
            logger.info(words)

    def _pace(self, now: float) -> str:
        """Return how fast it goes and how long it will take, while it is under way."""
        if not 0 < self._done < self.total:
            return ""
        rate = self._done / max(now - self._begun, 1e-9)
        left_s = (self.total - self._done) / rate
        return f", {rate:.3g} {self.unit}/s, {length(left_s)} left"


_current: ContextVar[Meter | None] = ContextVar("nightjar_progress", default=None)


def advance(units: int = 0, videos: int = 0) -> None:
    """Count units and videos of the stage that is being measured, if one is."""
    meter = _current.get()
    if meter is not None:
        meter.advance(units, videos)


@contextmanager
def measured(stage: str, unit: str, total: int, videos: int) -> Iterator[None]:
    """Show the progress of a stage of a flow until the block ends; tasks call ``advance``."""
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed}/{task.total} {task.fields[unit]}"),
        TextColumn("{task.fields[videos]}"),
        RateColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        disable=not sys.stderr.isatty(),
    )
    bar.add_task(stage, total=total, unit=unit, videos=f"0/{videos} videos")
    key = f"nightjar-{stage}"
    begun = f"{stage}: 0/{total} {unit}"
    artifact = cast(UUID, create_progress_artifact(0.0, key=key, description=begun))
    with bar:
        meter = Meter(stage, unit, total, videos, bar, artifact)
        token = _current.set(meter)
        try:
            yield
        finally:
            _current.reset(token)
            meter.publish()
