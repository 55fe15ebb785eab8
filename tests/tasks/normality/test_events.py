import math
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.normality.event_counts import count_events
from tasks.normality.events import (
    MERGED,
    RAW,
    Event,
    EventRule,
    find_events,
    flagged_rows,
)
from tasks.normality.series import ScoreSeries
from tests.tasks.normality.score_streams import RULES, series, steady
from tests.tasks.normality.score_streams import SCORES as SIGNED

Scores = npt.NDArray[np.float64]


@pytest.mark.parametrize(("start", "end", "peak"), [(2, 4, 1), (2, 4, 4), (2, 2, 2), (3, 2, 2)])
def test_a_peak_lies_within_its_event(start: int, end: int, peak: int) -> None:
    with pytest.raises(ValueError, match="peak"):
        Event(start, end, peak, 1.0, 1.0)


class SlowEvents:
    """Finds events frame by frame, in scores that are smoothed already."""

    def __init__(self, rows: ScoreSeries) -> None:
        self.rows = rows
        self.row_of = {
            frame: row
            for row in range(len(rows))
            for frame in range(rows.frame_start[row], rows.frame_end[row])
        }

    def start_s(self, event: list[int]) -> float:
        return float(self.rows.start_s[self.row_of[event[0]]])

    def end_s(self, event: list[int]) -> float:
        return float(self.rows.end_s[self.row_of[event[1] - 1]])

    def stretches(self, threshold: float, floor: float) -> list[list[int]]:
        found: list[list[int]] = []
        for frame, row in self.row_of.items():
            going = bool(found) and found[-1][1] == frame
            if self.rows.scores[row] > (floor if going else threshold):
                if going:
                    found[-1][1] = frame + 1
                else:
                    found.append([frame, frame + 1])
        return found

    def merged(self, events: list[list[int]], gap_s: float) -> list[list[int]]:
        merged: list[list[int]] = []
        for event in events:
            if merged and self.start_s(event) - self.end_s(merged[-1]) < gap_s:
                merged[-1][1] = event[1]
            else:
                merged.append(event)
        return merged

    def padded(self, events: list[list[int]], padding_s: float) -> list[list[int]]:
        padded: list[list[int]] = []
        for event in events:
            early, late = self.start_s(event) - padding_s, self.end_s(event) + padding_s
            near = [
                frame
                for frame, row in self.row_of.items()
                if event[0] <= frame < event[1]
                or (self.rows.end_s[row] > early and self.rows.start_s[row] < late)
            ]
            if padded and near[0] <= padded[-1][1]:
                padded[-1][1] = max(padded[-1][1], near[-1] + 1)
            else:
                padded.append([near[0], near[-1] + 1])
        return padded

    def found(self, threshold: float, rule: EventRule) -> list[tuple[int, int]]:
        floor = threshold - (1 - rule.hysteresis) * abs(threshold)
        events = self.merged(self.stretches(threshold, floor), rule.merge_gap_s)
        events = [e for e in events if self.end_s(e) - self.start_s(e) >= rule.min_length_s]
        if rule.padding_s:
            events = self.padded(events, rule.padding_s)
        return [(start, end) for start, end in events]


@given(rows=series(), threshold=SIGNED, rule=RULES)
def test_events_are_what_a_walk_through_the_frames_finds(
    rows: ScoreSeries, threshold: float, rule: EventRule
) -> None:
    events = find_events(rows, threshold, rule)
    compared = rows.smoothed(rule.smooth_s, causal=rule.causal)
    spans = [(event.frame_start, event.frame_end) for event in events]
    assert spans == SlowEvents(compared).found(threshold, rule)
    for event in events:
        inside = (rows.frame_start >= event.frame_start) & (rows.frame_end <= event.frame_end)
        scores = np.repeat(compared.scores[inside], rows.frames[inside])
        assert event.peak_score == scores.max()
        first = int(np.argmax(compared.scores[inside]))
        assert event.peak_frame == rows.frame_start[inside][first]
        assert event.mean_score == pytest.approx(scores.mean(), rel=1e-12, abs=1e-12)
    counts = count_events(rows, [threshold, threshold + 1], rule)
    assert counts.tolist() == [len(events), len(find_events(rows, threshold + 1, rule))]


@given(rows=series(), threshold=SIGNED, rule=RULES)
def test_events_lie_in_the_video_in_order_and_apart(
    rows: ScoreSeries, threshold: float, rule: EventRule
) -> None:
    events = find_events(rows, threshold, rule)
    for event in events:
        assert rows.frame_start[0] <= event.frame_start < event.frame_end <= rows.frame_end[-1]
    for before, after in pairwise(events):
        assert before.frame_end <= after.frame_start
    flagged = flagged_rows(rows, threshold, rule)
    covered = [
        any(e.frame_start <= start < e.frame_end for e in events) for start in rows.frame_start
    ]
    assert flagged.tolist() == covered


@given(rows=series(), threshold=SIGNED)
def test_with_all_off_the_flagged_frames_are_those_above(
    rows: ScoreSeries, threshold: float
) -> None:
    events = find_events(rows, threshold, RAW)
    frames = [frame for event in events for frame in range(event.frame_start, event.frame_end)]
    above = zip(rows.frame_start, rows.frame_end, rows.scores > threshold, strict=True)
    assert frames == [frame for start, end, high in above if high for frame in range(start, end)]


@given(rows=series(), threshold=SIGNED, gap_s=st.sampled_from([0.25, 1.0, 3.0]))
def test_merging_what_is_merged_changes_nothing(
    rows: ScoreSeries, threshold: float, gap_s: float
) -> None:
    for rule in (EventRule(merge_gap_s=gap_s), EventRule(padding_s=gap_s)):
        flagged = flagged_rows(rows, threshold, rule).astype(np.float64)
        again = ScoreSeries(rows.frame_start, rows.frame_end, rows.start_s, rows.end_s, flagged)
        once = {(e.frame_start, e.frame_end) for e in find_events(rows, threshold, rule)}
        merged = find_events(again, 0.5, EventRule(merge_gap_s=rule.merge_gap_s))
        # Merging goes across a hole again, but padding alone leaves nothing to go across with.
        if rule.merge_gap_s or rows.follows.all():
            assert {(e.frame_start, e.frame_end) for e in merged} == once


def test_hysteresis_goes_on_below_a_negative_threshold_too() -> None:
    rows = steady(np.array([-3.0, -0.5, -1.2, -1.6, -0.5]))
    rule = EventRule(hysteresis=0.5)  # goes on above -1.5
    assert [(e.frame_start, e.frame_end) for e in find_events(rows, -1.0, rule)] == [
        (8, 24),
        (32, 40),
    ]


def test_a_stretch_never_runs_across_a_hole_but_merging_does() -> None:
    frames, times = np.array([0, 8, 16]), np.array([0.0, 1.0, 4.0])
    rows = ScoreSeries(frames, np.array([8, 12, 20]), times, times + 1, np.ones(3))
    assert [e.frame_end for e in find_events(rows, 0.5, RAW)] == [12, 20]
    assert [e.frame_end for e in find_events(rows, 0.5, MERGED)] == [20]
    assert [e.frame_end for e in find_events(rows, 0.5, EventRule(merge_gap_s=2.0))] == [12, 20]


@pytest.mark.parametrize(
    "wrong",
    [
        {"smooth_s": -1.0},
        {"merge_gap_s": math.nan},
        {"padding_s": math.inf},
        {"hysteresis": 0.0},
        {"hysteresis": 1.5},
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="got EventRule"):
        EventRule(**wrong)  # type: ignore[arg-type]
