"""Backtesting: what other thresholds, distances and profiles would have made of stored footage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from prefect import task

from storage.backtests import backtest_place, new_backtest
from storage.footage import Sighting
from storage.profiles import ProfileRef
from storage.shards import index_shards
from storage.warehouse import Warehouse
from tasks.normality.events import EventRule, find_events
from tasks.normality.recurrence import Recurrence
from tasks.normality.thresholds import ThresholdRule, threshold_rule
from tasks.outcomes import DAY_S, Outcome, Tally, camera_means
from tasks.parameters import Period, Scoring
from tasks.profile_use import ProfileInUse
from tasks.progress import advance
from tasks.recording import Recording, recorded_at
from tasks.report.backtest import render_backtest
from tasks.retrying import STEP
from tasks.row_scoring import ScoredRows, VideoToScore, score_rows
from tasks.scoring import FootageToScore
from tasks.video.errors import FootageNotFoundError


@task(**STEP)
def in_period(place: str, footage: FootageToScore, period: Period) -> list[Sighting]:
    """Return the footage that was recorded in a span of time, each video once.

    Raises:
        FootageNotFoundError: There is none.
    """
    warehouse = Warehouse.at(place)
    chosen = {
        sighting.video_id: sighting
        for sighting in reversed(footage.scored)
        if period.holds(recorded_at(warehouse, sighting))
    }
    if not chosen:
        raise FootageNotFoundError(
            f"none of {len(footage.scored)} embedded videos was recorded {period}: give another "
            "time, or --path-pattern if nobody knows when they were recorded"
        )
    return [chosen[video_id] for video_id in sorted(chosen)]


@dataclass(frozen=True, slots=True)
class Candidate:
    """What might become an event: a distance, a threshold's rule and a rule for events."""

    distance: str
    threshold: ThresholdRule
    events: EventRule


@task(**STEP)
def try_profile(
    place: str,
    ref: ProfileRef,
    footage: Sequence[Sighting],
    distances: Sequence[str],
    thresholds: Sequence[str],
    scoring: Scoring,
) -> list[Outcome]:
    """Score footage once, and count what every distance and threshold would have made of it.

    Videos are taken a few at a time: memory holds the scores of those alone.
    """
    warehouse = Warehouse.at(place)
    profile = ProfileInUse.of(warehouse, ref, distances or None)
    chosen = distances or profile.distances
    rules = dict.fromkeys(threshold_rule(text, profile.camera_days) for text in thresholds)
    candidates = [
        Candidate(name, rule, scoring.events(rule.events))
        for name in dict.fromkeys(chosen)
        for rule in rules
    ]
    scopes = {profile.scope_of(sighting.camera) for sighting in footage}
    levels = {scope: _thresholds(profile, scope, candidates) for scope in sorted(scopes)}
    tallies: dict[tuple[int, str], Tally] = {}
    shards = index_shards(warehouse, profile.content.encoder_id)
    videos = (_to_score(warehouse, profile, item, shards[item.video_id]) for item in footage)
    for sighting, scored in zip(footage, score_rows(warehouse, profile, videos), strict=True):
        found = _tallies(scored, candidates, levels[profile.scope_of(sighting.camera)])
        for number, tally in enumerate(found):
            key = (number, sighting.camera)
            tallies[key] = tallies[key].plus(tally) if key in tallies else tally
        advance(videos=1)
    return [
        _outcome(ref, candidates[number], camera, levels[profile.scope_of(camera)][number], tally)
        for (number, camera), tally in sorted(tallies.items())
    ]


@task(**STEP)
def write_backtest(place: str, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Commit what a backtest has found as JSON and as a page; return the JSON and where it is."""
    warehouse = Warehouse.at(place)
    with new_backtest(warehouse) as backtest:
        document = {
            "backtest_id": backtest.backtest_id,
            "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "candidates": camera_means(outcomes),
            "outcomes": [outcome.as_json() for outcome in outcomes],
        }
        backtest.write(document, render_backtest(document))
    return {"backtest": warehouse.uri(backtest_place(backtest.backtest_id)), **document}


def _thresholds(profile: ProfileInUse, scope: str, candidates: Sequence[Candidate]) -> list[float]:
    """Return the threshold of each candidate for a scope.

    The scores of normal footage are read a distance at a time and let go of again: a month of them
    takes 0.4 GB a distance.
    """
    found: dict[Candidate, float] = {}
    for distance in dict.fromkeys(candidate.distance for candidate in candidates):
        normal = profile.read_calibration(scope, distance)
        recurrences: dict[EventRule, Recurrence] = {}
        for candidate in candidates:
            if candidate.distance != distance:
                continue
            if candidate.threshold.budget is None:
                found[candidate] = candidate.threshold.resolve(*normal.pooled())
                continue
            if candidate.events not in recurrences:
                recurrences[candidate.events] = Recurrence(normal, candidate.events)
            level = recurrences[candidate.events].level(candidate.threshold.budget.per_day)
            found[candidate] = level.value
    return [found[candidate] for candidate in candidates]


def _to_score(
    warehouse: Warehouse, profile: ProfileInUse, sighting: Sighting, shards: Sequence[str]
) -> VideoToScore:
    """Return a video, and what it is held against."""
    recorded = Recording.at(recorded_at(warehouse, sighting))
    return VideoToScore(shards, profile.scope_of(sighting.camera), recorded)


def _tallies(
    rows: ScoredRows, candidates: Sequence[Candidate], thresholds: Sequence[float]
) -> list[Tally]:
    """Return what each candidate makes of one video."""
    weights = rows.places[:, 1] - rows.places[:, 0]
    seconds = float(rows.times_s[-1, 1] - rows.times_s[0, 0])
    series = {candidate.distance: rows.series(candidate.distance) for candidate in candidates}
    return [
        Tally(
            seconds,
            int(weights.sum()),
            int(weights[rows.scores[candidate.distance] > threshold].sum()),
            len(find_events(series[candidate.distance], threshold, candidate.events)),
        )
        for candidate, threshold in zip(candidates, thresholds, strict=True)
    ]


def _outcome(
    ref: ProfileRef, candidate: Candidate, camera: str, threshold: float, tally: Tally
) -> Outcome:
    """Return what a candidate has made of a camera's footage."""
    return Outcome(
        profile=str(ref),
        distance=candidate.distance,
        threshold_rule=candidate.threshold.text,
        camera=camera,
        threshold=threshold,
        days=tally.seconds / DAY_S,
        frames=tally.frames,
        flagged_frames=tally.flagged_frames,
        events=tally.events,
    )
