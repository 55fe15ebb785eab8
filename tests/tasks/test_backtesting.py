"""A backtest counts what reports would say, and shows all of it."""

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from storage.footage import Sighting, record_sighting
from storage.profile_lineage import ProfileVideo
from storage.profiles import ProfileRef
from storage.shards import ShardKey, ShardRows, shards_of_video, write_shard
from storage.videos import VideoRecord, write_video
from storage.warehouse import Warehouse
from tasks.backtesting import in_period, try_profile, write_backtest
from tasks.normal_footage import NormalVideo
from tasks.normality.errors import MissingStatisticsError, ThresholdError
from tasks.outcomes import Outcome, camera_means
from tasks.parameters import Period, ProfileOptions, Scoring
from tasks.profiling import commit_profile
from tasks.report.backtest import HEIGHT, WIDTH, plot_rates, render_backtest
from tasks.scoring import choose_scored, write_report
from tasks.verification import (
    check_folders,
    check_footage,
    check_profiles,
    check_reports,
    check_shards,
    plan_shard_checks,
    sum_up,
)
from tasks.video.clips import ClipPlan, Sampling
from tasks.video.errors import FootageNotFoundError
from tasks.video.parts import PartPlan

EMBEDDING, FPS = 4, 25
SAMPLING = Sampling(clip_frames=16, tubelet_frames=2)
ENCODER_ID = "videomae-t16u2s1-0123456789ab"
ENCODER = {"clip_frames": 16, "tubelet_frames": 2, "stride": 1, "width": EMBEDDING}
FRAMES = 1203
NORMAL, CHECKED = ["a" * 32, "b" * 32, "c" * 32], ["d" * 32, "e" * 32, "f" * 32]
CAMERAS = {"a": "gate", "b": "gate", "c": "yard", "d": "gate", "e": "yard", "f": "gate"}
HOURS = {video: f"2026-03-0{1 + number}T06:00:00+00:00" for number, video in enumerate("abcdef")}
THRESHOLDS = ["2.5", "quantile:0.9", "quantile:0.999", "budget:200/day", "budget:40000/day"]
DISTANCES = ("mse", "diagonal", "mahalanobis")


def put_video(
    warehouse: Warehouse,
    video: str,
    camera: str,
    *,
    frames: int = FRAMES,
    fps: float = FPS,
    odd: Sequence[slice] = (),
    recorded_at: str | None = None,
) -> None:
    """Write a video and its shards as a run does: random embeddings, some rows of them odd."""
    edges_s = np.arange(frames + 1) / fps if fps else np.zeros(frames + 1)
    facts: dict[str, Any] = {
        "end_time_s": float(edges_s[-1]), "width": 96, "height": 64, "bits": 8, "container": "avi",
        "damage": {}, "codec": "mjpeg", "bytes": 7,
    }  # fmt: skip
    write_video(warehouse, VideoRecord(video, edges_s[:-1], facts))
    path = f"/in/{camera}/{video[0]}.avi"
    record_sighting(warehouse, Sighting(path, camera, video, 7, 7, recorded_at))
    parts = PartPlan(ClipPlan(frames, SAMPLING))
    for part in range(len(parts)):
        places = np.array(
            [
                (clip.index, *tubelet)
                for clip in parts.plan.clips(parts.clips(part).start, parts.clips(part).stop)
                for tubelet in parts.plan.tubelet_spans(clip)
            ]
        )
        embeddings = np.random.default_rng(ord(video[0])).normal(size=(len(places), EMBEDDING))
        for rows in odd:
            embeddings[rows] += 3.0
        write_shard(
            warehouse,
            ShardKey(ENCODER_ID, camera, video, part),
            ShardRows(places, edges_s[places[:, 2:] + [0, 0]], embeddings.astype(np.float32)),
            {
                "video_id": video, "camera": camera, "frames": frames, "part": part,
                "parts": len(parts), "encoder_id": ENCODER_ID, "encoder": ENCODER,
                "decoder": "pyav", "decoder_reason": None,
            },
        )  # fmt: skip


def build(warehouse: Warehouse, videos: Sequence[str], **options: Any) -> ProfileRef:
    """Build a profile of videos without Prefect."""
    chosen = [
        NormalVideo(
            ProfileVideo(video, CAMERAS[video[0]], HOURS[video[0]]),
            tuple(shards_of_video(warehouse, ENCODER_ID, video)),
        )
        for video in videos
    ]
    settings = ProfileOptions(**{"distances": DISTANCES, **options})
    return commit_profile.fn(warehouse.root, "default", chosen, settings, "build").ref


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    """Return a warehouse of three normal videos and three others, of two cameras."""
    warehouse = Warehouse.at(str(tmp_path / "warehouse"))
    odd = {"d": [slice(40, 60), slice(100, 101)], "e": [slice(300, 420)]}
    for video in (*NORMAL, *CHECKED):
        put_video(
            warehouse, video, CAMERAS[video[0]], odd=odd.get(video[0], ()),
            recorded_at=HOURS[video[0]],
        )  # fmt: skip
    return warehouse


@pytest.fixture
def profile(warehouse: Warehouse) -> ProfileRef:
    return build(warehouse, NORMAL)


def footage(warehouse: Warehouse, ref: ProfileRef, *selectors: str) -> list[Sighting]:
    chosen = choose_scored.fn(warehouse.root, ref, selectors, False, [])
    return in_period.fn(warehouse.root, chosen, Period())


def backtest(
    warehouse: Warehouse,
    ref: ProfileRef,
    thresholds: Sequence[str] = ("quantile:0.99",),
    distances: Sequence[str] = (),
    scoring: Scoring | None = None,
    *selectors: str,
) -> list[Outcome]:
    chosen = footage(warehouse, ref, *selectors)
    return try_profile.fn(
        warehouse.root, ref, chosen, distances, thresholds, scoring or Scoring(distance="mse")
    )


@pytest.mark.parametrize(
    ("by", "events"),
    [
        ("all", {}),
        ("camera", {"merge_gap_s": 0.0}),
        ("hour-of-day", {"smooth_s": 1.0, "hysteresis": 0.8, "min_length_s": 0.2}),
    ],
    ids=["as the threshold's rule", "raw, by camera", "smoothed, by hour"],
)
def test_counts_are_those_of_reports(warehouse: Warehouse, by: str, events: Any) -> None:
    ref = build(warehouse, NORMAL, by=by)
    outcomes = {
        (item.distance, item.threshold_rule, item.camera): item
        for item in backtest(warehouse, ref, THRESHOLDS, (), Scoring(**events))
    }
    assert len(outcomes) == len(DISTANCES) * len(THRESHOLDS) * 2
    chosen = choose_scored.fn(warehouse.root, ref, [], False, [])
    for distance in DISTANCES:
        for rule in THRESHOLDS:
            scoring = Scoring(distance=distance, **events)
            summary = write_report.fn(warehouse.root, ref, rule, chosen, scoring)
            report = json.loads(Path(summary.report, "report.json").read_text())
            for camera in ("gate", "yard"):
                videos = [video for video in report["videos"] if video["camera"] == camera]
                outcome = outcomes[distance, rule, camera]
                assert outcome.threshold == videos[0]["threshold"]
                assert outcome.frames == sum(video["frames"] for video in videos)
                assert outcome.flagged_frames == sum(v["flagged_frames"] for v in videos)
                assert outcome.events == sum(len(video["events"]) for video in videos)
                assert outcome.days == pytest.approx(len(videos) * FRAMES / FPS / 86_400)


def test_some_candidates_differ(warehouse: Warehouse, profile: ProfileRef) -> None:
    """The comparison with reports would prove little if all counts were alike."""
    counts = {item.events for item in backtest(warehouse, profile, THRESHOLDS)}
    assert len(counts) > 4


def test_copied_footage_counts_once(warehouse: Warehouse, profile: ProfileRef) -> None:
    before = backtest(warehouse, profile)
    record_sighting(warehouse, Sighting("/in/x/copy.avi", "x", CHECKED[0], 7, 7, HOURS["d"]))
    assert backtest(warehouse, profile) == before  # under the camera of its first path


def test_footage_is_chosen_by_selector(warehouse: Warehouse, profile: ProfileRef) -> None:
    outcomes = backtest(warehouse, profile, ["1"], ["mse"], None, "camera:yard")
    assert [(item.camera, item.frames) for item in outcomes] == [("yard", 2 * FRAMES)]


@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [
        (None, None, "abcdef"),
        (3, None, "cdef"),
        (None, 3, "ab"),
        (3, 5, "cd"),
    ],
)
def test_footage_is_chosen_by_time(
    warehouse: Warehouse,
    profile: ProfileRef,
    since: int | None,
    until: int | None,
    expected: str,
) -> None:
    def on(day: int | None) -> datetime | None:
        return None if day is None else datetime(2026, 3, day, 6, tzinfo=UTC)

    chosen = choose_scored.fn(warehouse.root, profile, [], False, [])
    found = in_period.fn(warehouse.root, chosen, Period(since=on(since), until=on(until)))
    assert [sighting.video_id[0] for sighting in found] == list(expected)


def test_no_footage_in_the_period_is_an_error(warehouse: Warehouse, profile: ProfileRef) -> None:
    chosen = choose_scored.fn(warehouse.root, profile, [], False, [])
    period = Period(since=datetime(2027, 1, 1, tzinfo=UTC))
    with pytest.raises(FootageNotFoundError, match=r"none of 6 .* since 2027-01-01"):
        in_period.fn(warehouse.root, chosen, period)


def test_versions_stand_side_by_side(warehouse: Warehouse, profile: ProfileRef) -> None:
    other = build(warehouse, NORMAL[:2])
    outcomes = [
        *backtest(warehouse, profile, ["quantile:0.99"]),
        *backtest(warehouse, other, ["quantile:0.99"]),
    ]
    means = camera_means(outcomes)
    assert [item["profile"] for item in means] == ["default@1"] * 3 + ["default@2"] * 3
    assert means[0]["camera_days"] == means[3]["camera_days"]
    assert {item.threshold for item in outcomes[:2]} != {item.threshold for item in outcomes[6:8]}


def test_what_is_named_twice_counts_once(warehouse: Warehouse, profile: ProfileRef) -> None:
    once = backtest(warehouse, profile, ["0.5"], ["mse"])
    assert backtest(warehouse, profile, ["0.5", "0.50", "5e-1"], ["mse", "mse"]) == once


def test_footage_of_no_length_has_no_rate(warehouse: Warehouse, profile: ProfileRef) -> None:
    put_video(warehouse, "9" * 32, "still", fps=0)
    outcomes = backtest(warehouse, profile, ["-1"], ["mse"], None, "camera:still")
    assert [(item.days, item.events, item.events_per_day) for item in outcomes] == [(0.0, 1, None)]
    assert outcomes[0].as_json()["events_per_day"] is None
    (mean,) = camera_means(outcomes)
    assert mean["events_per_camera_day"] is None
    assert mean["flagged_share"] == 1.0


def test_means_weigh_cameras_by_their_days() -> None:
    outcomes = [
        Outcome("p@1", "mse", "1.0", "a", 1.0, days=1.0, frames=100, flagged_frames=10, events=4),
        Outcome("p@1", "mse", "1.0", "b", 1.0, days=3.0, frames=300, flagged_frames=0, events=0),
    ]
    (mean,) = camera_means(outcomes)
    assert mean["events_per_camera_day"] == 1.0
    assert mean["camera_days"] == 4.0
    assert mean["cameras"] == 2
    assert mean["flagged_share"] == 0.025


@pytest.mark.parametrize(
    ("distance", "remedy"),
    [
        ("knn", "build it with --distances knn$"),
        ("patch", "build it with --distances patch, from footage embedded with --patch-sketch"),
        ("cosine", "a distance is one of mse, diagonal, mahalanobis, pca, knn, patch"),
    ],
)
def test_a_distance_that_the_profile_lacks(
    warehouse: Warehouse, profile: ProfileRef, distance: str, remedy: str
) -> None:
    with pytest.raises(MissingStatisticsError, match=remedy):
        backtest(warehouse, profile, ["1"], [distance])


def test_the_default_threshold_is_a_candidate_like_any(
    warehouse: Warehouse, profile: ProfileRef
) -> None:
    by_default, of_minutes = (
        backtest(warehouse, profile, thresholds=[text]) for text in ("auto", "quantile:0.999")
    )
    assert by_default == of_minutes


def test_a_threshold_that_is_none(warehouse: Warehouse, profile: ProfileRef) -> None:
    with pytest.raises(ThresholdError, match="got 'high'"):
        backtest(warehouse, profile, ["high"])


def commit(warehouse: Warehouse, outcomes: Sequence[Outcome]) -> tuple[dict[str, Any], str]:
    """Write a backtest and return what its files hold."""
    document = write_backtest.fn(warehouse.root, outcomes)
    folder = Path(document["backtest"])
    kept = json.loads((folder / "backtest.json").read_text(), parse_constant=_refuse)
    assert kept == {name: value for name, value in document.items() if name != "backtest"}
    return kept, (folder / "backtest.html").read_text(encoding="utf-8")


def _refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is no JSON")


def test_json_is_json_also_without_a_rate(warehouse: Warehouse, profile: ProfileRef) -> None:
    put_video(warehouse, "9" * 32, "still", fps=0)
    document, page = commit(
        warehouse, backtest(warehouse, profile, ["1"], ["mse"], None, "camera:still")
    )
    assert document["candidates"][0]["events_per_camera_day"] is None
    assert "unknown" in page


def test_verify_finds_nothing_wrong(warehouse: Warehouse, profile: ProfileRef) -> None:
    commit(warehouse, backtest(warehouse, profile))
    place = warehouse.root
    shards = [check_shards.fn(place, batch) for batch in plan_shard_checks.fn(place)]
    beside = (check_folders, check_footage, check_profiles, check_reports)
    assert sum_up.fn([*shards, *(check.fn(place) for check in beside)]).findings == ()


def test_the_page_holds_every_candidate(warehouse: Warehouse, profile: ProfileRef) -> None:
    document, page = commit(warehouse, backtest(warehouse, profile, THRESHOLDS))
    rows = re.findall(r"<tr><td>default@1</td><td>(.*?)</td><td>(.*?)</td>", page)
    assert rows == [(item["distance"], item["threshold_rule"]) for item in document["candidates"]]
    assert len(rows) == len(DISTANCES) * len(THRESHOLDS)


def candidate(rule: str, rate: float | None, distance: str = "mse") -> dict[str, Any]:
    return {
        "profile": "default@1", "distance": distance, "threshold_rule": rule, "cameras": 1,
        "camera_days": 30.0, "events": int(30 * (rate or 0)), "events_per_camera_day": rate,
        "flagged_share": 0.001,
    }  # fmt: skip


def page_of(*candidates: dict[str, Any], **changes: Any) -> str:
    document = {
        "backtest_id": "b", "created_at": "2026-03-01T00:00:00+00:00", "candidates": candidates,
        "outcomes": [], **changes,
    }  # fmt: skip
    return render_backtest(document)


def test_rates_of_equal_height_are_drawn_apart() -> None:
    same = [candidate(rule, 2.0, name) for name in ("mse", "knn") for rule in ("1", "2")]
    first, second = plot_rates(same).lines
    assert [y for _, y, _ in first.points] == [y for _, y, _ in second.points]
    assert not {x for x, _, _ in first.points} & {x for x, _, _ in second.points}
    assert first.points[1][0] < second.points[1][0] < WIDTH


def test_a_rate_of_0_lies_below_every_other() -> None:
    plot = plot_rates([candidate("1", 20.0), candidate("2", 0.03), candidate("3", 0.0)])
    heights = [y for _, y, _ in plot.lines[0].points]
    assert heights == sorted(heights)
    assert heights[-1] == plot.ticks[0][0] > plot.ticks[1][0]
    assert [label for _, label, _ in plot.ticks] == ["none", "0.01", "0.1", "1", "10", "100"]
    assert all(0 < y < HEIGHT for y, _, _ in plot.ticks)


@pytest.mark.parametrize("rates", [[1e-9, 1e9], [5.0], [0.0], [0.0, 0.0], [1.0], [0.02]])
def test_one_a_day_is_always_to_be_seen(rates: list[float]) -> None:
    plot = plot_rates([candidate(f"{number}", rate) for number, rate in enumerate(rates)])
    (reference,) = (y for y, _, is_reference in plot.ticks if is_reference)
    assert 0 < reference < HEIGHT
    assert all(0 < y < HEIGHT and 0 < x < WIDTH for x, y, _ in plot.lines[0].points)
    tops = [y for y, _, _ in plot.ticks[1:]]
    assert tops == sorted(tops, reverse=True)
    for rate, (_, y, _) in zip(rates, plot.lines[0].points, strict=True):
        assert (y <= reference) == (rate >= 1)


def test_no_two_of_many_lines_look_alike() -> None:
    lines = plot_rates([candidate("1", 1.0, f"d{number}") for number in range(24)]).lines
    assert len({(line.colour, line.dash) for line in lines}) == 24


@pytest.mark.parametrize(
    "candidates",
    [[], [candidate("1", None)], [candidate("1", None), candidate("2", 3.0)]],
    ids=["nothing", "no rate", "one without a rate"],
)
def test_a_page_is_drawn_whatever_there_is(candidates: list[dict[str, Any]]) -> None:
    page = page_of(*candidates)
    assert page.count('class="dot') == sum(bool(c["events_per_camera_day"]) for c in candidates)
    assert 'd="M"' not in page


def test_short_footage_says_what_it_cannot_show() -> None:
    short = {**candidate("1", 24.0), "camera_days": 0.5}
    assert "on 12 h 0 min of stored footage" in page_of(short)
    assert "a single event in all of it is 2 a camera a day" in page_of(short)
    assert "on 30.0 camera-days of stored footage" in page_of(candidate("1", 24.0))
    assert "It is short" not in page_of(candidate("1", 24.0))


def test_names_are_text_whatever_they_are() -> None:
    name = '</td><script>alert("1")</script>\u202e\n'
    outcome = Outcome("default@1", "mse", "1.0", name, 1.0, 1.0, 1, 1, 1)
    page = page_of(candidate("1", 1.0), outcomes=[outcome.as_json()])
    assert "<script" not in page
    assert "\u202e" not in page
    assert "&lt;script&gt;" in page
    assert "default-src 'none'" in page
