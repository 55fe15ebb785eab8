"""What goes and what stays, as tables and as laws."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.retention import (
    Choice,
    Needs,
    Rule,
    Seen,
    StoredReport,
    StoredVideo,
    What,
    choose_removals,
    parse_age,
)

NOW = datetime(2026, 11, 25, tzinfo=UTC)


def day(number: float) -> datetime:
    """Return the moment so many days ago."""
    return NOW - timedelta(days=number)


def seen(age_days: float | None, camera: str = "gate", path: str = "/a") -> Seen:
    return Seen(camera, path, None if age_days is None else day(age_days), "path")


def going(videos: list[StoredVideo], rule: Rule, needs: Needs | None = None) -> set[str]:
    chosen = choose_removals(videos, [], needs or Needs(), rule).videos
    return {video.video_id for video in chosen}


@pytest.mark.parametrize(
    ("text", "hours"),
    [("1h", 1), ("12h", 12), ("30d", 720), ("8w", 1344), (" 2d ", 48), ("007d", 168)],
)
def test_an_age_is_a_number_and_a_unit(text: str, hours: int) -> None:
    assert parse_age(text) == timedelta(hours=hours)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "d",
        "30",
        "30 d",
        "-3d",
        "0d",
        "0h",
        "1.5d",
        "3m",
        "3D",
        "3dd",
        "1d12h",
        "٣d",
        "99999999d",
    ],
)
def test_another_text_is_no_age(text: str) -> None:
    with pytest.raises(ValueError, match="30d"):
        parse_age(text)


@pytest.mark.parametrize(
    ("places", "cameras", "goes"),
    [
        ([seen(40)], set(), True),
        ([seen(30)], set(), False),
        ([seen(-400)], set(), False),
        ([seen(40), seen(2, path="/b")], set(), False),
        ([seen(40), seen(50, path="/b")], set(), True),
        ([seen(40), seen(None, path="/b")], set(), False),
        ([seen(None)], set(), False),
        ([], set(), False),
        ([seen(40)], {"gate"}, True),
        ([seen(40)], {"yard"}, False),
        ([seen(40), seen(40, "yard")], {"gate"}, False),
        ([seen(40), seen(40, "yard")], {"gate", "yard"}, True),
    ],
    ids=[
        "old", "just not older", "from the future", "younger elsewhere", "old everywhere",
        "of unknown age elsewhere", "of unknown age", "seen nowhere", "of the camera",
        "of another camera", "of another camera too", "of both cameras",
    ],
)  # fmt: skip
def test_a_video_goes_if_every_place_where_it_was_seen_says_so(
    places: list[Seen], cameras: set[str], goes: bool
) -> None:
    rule = Rule(day(30), frozenset(cameras))
    assert bool(going([StoredVideo("a", tuple(places))], rule)) is goes


def test_what_is_needed_stays_and_is_counted_by_who_needs_it() -> None:
    videos = [StoredVideo(name, (seen(40),)) for name in "abcd"]
    reports = [StoredReport("r", day(40)), StoredReport("s", day(40)), StoredReport("t", day(4))]
    needs = Needs(frozenset("ab"), frozenset("bc"), frozenset("rt"))
    choice = choose_removals(videos, reports, needs, Rule(day(30)))
    assert choice == Choice(
        (videos[3],), (reports[1],), for_profiles=2, for_held_reports=1, held_reports=1
    )


def test_a_removal_that_was_broken_off_goes_on_whatever_the_rule_says_of_age_and_camera() -> None:
    video = StoredVideo("a", (seen(1, "yard"),), begun=True)
    assert going([video], Rule(day(30), frozenset({"gate"}))) == {"a"}
    assert going([replace(video, seen=())], Rule(day(30))) == {"a"}
    assert going([video], Rule(day(30)), Needs(frozenset("a"))) == set()
    assert going([video], Rule(day(30), what="reports")) == set()


@pytest.mark.parametrize(
    ("cameras", "named", "goes"),
    [
        ({"gate"}, set(), True),
        (set(), set(), True),
        ({"gate"}, {"gate"}, True),
        ({"gate", "yard"}, {"gate"}, False),
        ({"gate", "yard"}, {"gate", "yard"}, True),
        (set(), {"gate"}, False),
    ],
)
def test_a_report_goes_if_it_is_about_the_named_cameras_alone(
    cameras: set[str], named: set[str], goes: bool
) -> None:
    report = StoredReport("r", day(40), frozenset(cameras))
    choice = choose_removals([], [report], Needs(), Rule(day(30), frozenset(named)))
    assert bool(choice.reports) is goes


def test_one_kind_can_be_chosen_alone() -> None:
    video, report = StoredVideo("a", (seen(40),)), StoredReport("r", day(40))
    only: dict[What, tuple[int, int]] = {"all": (1, 1), "embeddings": (1, 0), "reports": (0, 1)}
    for what, numbers in only.items():
        choice = choose_removals([video], [report], Needs(), Rule(day(30), what=what))
        assert (len(choice.videos), len(choice.reports)) == numbers


NAMES = st.sampled_from("abcdef")
PLACES = st.builds(
    Seen,
    camera=st.sampled_from(["gate", "yard"]),
    path=st.sampled_from(["/a", "/b"]),
    recorded_at=st.none() | st.integers(0, 60).map(day),
    dated_by=st.just("file"),
)
VIDEOS = st.lists(
    st.builds(StoredVideo, NAMES, st.lists(PLACES, max_size=3).map(tuple), st.booleans()),
    unique_by=lambda video: video.video_id,
)
REPORTS = st.lists(
    st.builds(
        StoredReport,
        NAMES,
        st.integers(0, 60).map(day),
        st.frozensets(st.sampled_from(["gate", "yard"])),
    ),
    unique_by=lambda report: report.report_id,
)
SOME = st.frozensets(NAMES)
NEEDS = st.builds(Needs, SOME, SOME, SOME)
RULES = st.builds(
    Rule,
    st.integers(0, 60).map(day),
    st.frozensets(st.sampled_from(["gate", "yard"])),
    st.sampled_from(["all", "reports", "embeddings"]),
)


@given(VIDEOS, REPORTS, NEEDS, RULES)
def test_what_is_needed_never_goes(
    videos: list[StoredVideo], reports: list[StoredReport], needs: Needs, rule: Rule
) -> None:
    choice = choose_removals(videos, reports, needs, rule)
    gone = {video.video_id for video in choice.videos}
    assert not gone & (needs.profile_videos | needs.held_videos)
    assert not {report.report_id for report in choice.reports} & needs.held_reports


@given(VIDEOS, REPORTS, NEEDS, RULES, st.integers(0, 60))
def test_a_larger_age_removes_a_part_of_it(
    videos: list[StoredVideo], reports: list[StoredReport], needs: Needs, rule: Rule, days: int
) -> None:
    older = replace(rule, before=rule.before - timedelta(days=days))
    less = choose_removals(videos, reports, needs, older)
    more = choose_removals(videos, reports, needs, rule)
    assert {*less.videos} <= {*more.videos}
    assert {*less.reports} <= {*more.reports}


@given(VIDEOS, REPORTS, NEEDS, RULES)
def test_what_is_left_is_left_by_the_next_run_too(
    videos: list[StoredVideo], reports: list[StoredReport], needs: Needs, rule: Rule
) -> None:
    first = choose_removals(videos, reports, needs, rule)
    left = [video for video in videos if video not in first.videos]
    told = [report for report in reports if report not in first.reports]
    again = choose_removals(left, told, needs, rule)
    assert again == replace(first, videos=(), reports=())


@given(VIDEOS, REPORTS, NEEDS, RULES)
def test_a_named_camera_takes_nothing_from_another(
    videos: list[StoredVideo], reports: list[StoredReport], needs: Needs, rule: Rule
) -> None:
    gate = choose_removals(videos, reports, needs, replace(rule, cameras=frozenset({"gate"})))
    for video in gate.videos:
        assert video.begun or {place.camera for place in video.seen} == {"gate"}
    assert all(report.cameras == {"gate"} for report in gate.reports)
