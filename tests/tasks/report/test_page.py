import base64
import hashlib
import re
from html import escape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.report.page import headline, render_page
from tasks.report.timeline import Timeline, timeline_of
from tasks.report.words import (
    clock,
    event_rule_in_words,
    length,
    moment,
    multiple,
    often,
    rule_in_words,
    scope_in_words,
    wall_clock,
)

HOSTILE = "a\"b'c<script>alert(1)</script>\n\x00\u202e{{ 7 * 7 }}&amp;🚚\udc80.mp4"


def event(start: int, peak: float, name: str = "event") -> dict[str, Any]:
    return {
        "event_id": f"{name}-{start}",
        "frame_start": start,
        "frame_end": start + 5,
        "time_start_s": start / 10,
        "time_end_s": (start + 5) / 10,
        "recorded_at": None,
        "health": [],
        "peak_frame": start + 2,
        "peak_score": peak,
        "mean_score": peak / 2,
    }


def video(*events: dict[str, Any], path: str = "/in/a.mp4", camera: str = "gate") -> dict[str, Any]:
    return {
        "video_id": "v",
        "path": path,
        "camera": camera,
        "frames": 100,
        "flagged_frames": 5 * len(events),
        "decoder": "pyav",
        "duration_s": 10.0,
        "recorded_at": None,
        "recorded_by": None,
        "damage": "",
        "truncated": False,
        "health": [],
        "events": list(events),
    }


def report(*videos: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "report_id": "r-1",
        "created_at": "2025-03-07T06:30:00Z",
        "profile": {"name": "default", "version": "v1"},
        "encoder_id": "enc-1",
        "threshold": 0.5,
        "threshold_rule": "quantile:0.999",
        "normal": {"videos": 1, "frames": 1000, "frames_left_out": 0},
        "videos": list(videos),
        "quarantined": [],
        "pending": [],
        **changes,
    }


def flat(score: float = 0.25) -> Timeline:
    return timeline_of(np.arange(100) / 10, np.full(100, score))


def render(document: dict[str, Any]) -> str:
    return render_page(document, [flat() for _ in document["videos"]])


def ailment(start: int, kind: str = "black") -> dict[str, Any]:
    return {
        "kind": kind,
        "frame_start": start,
        "frame_end": start + 50,
        "time_start_s": start / 10,
        "time_end_s": start / 10 + 5,
        "recorded_at": None,
    }


class Tags(HTMLParser):
    """Every tag with the names of its attributes, and all the text between tags."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, ...]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.text += " "
        self.tags.append((tag, *(name for name, _ in attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def named(name: str) -> dict[str, Any]:
    """Return a report in which everything that comes from outside carries this name."""
    return report(
        video(event(10, 2.0, name), path=name, camera=name)
        | {"decoder": name, "video_id": name, "scope": name},
        video(path=name, camera=name) | {"damage": name, "health": [ailment(0, name)]},
        profile={"name": name, "version": name},
        encoder_id=name,
        threshold_rule="x" + name,
        report_id=name,
        distance=name,
        calibration={
            "rule": name,
            "value": 0.5,
            "extrapolated": True,
            "low": 0.4,
            "high": 0.6,
            "camera_days": 1.0,
            "words": "x" + name,
        },
        drift=[{"camera": name, "ratio": 2.0, "videos": 1, "stale": True}],
        regression={"anomalies": 2, "missed": [name]},
        normal={
            "videos": 1,
            "frames": 1000,
            "frames_left_out": 0,
            "scopes": [name, f"camera:{name}", f"camera:{name} by hour of day"],
            "standing_out": [
                {"video_id": name, "camera": name, "path": name, "ratio": 2.0, "left_out": True}
            ],
        },
        quarantined=[{"path": name, "reason": f"reason {name}".replace("\n", " ")}],
        pending=[{"path": name, "reason": f"reason {name}".replace("\n", " ")}],
    )


def test_hostile_names_are_text_and_nothing_else() -> None:
    page = render(named(HOSTILE))
    page.encode("utf-8")
    assert Tags(page).tags == Tags(render(named("harmless"))).tags
    assert page.count("<script") == 1, "the page's own"
    assert "\x00" not in page
    assert "\u202e" not in page
    assert "49" not in Tags(page).text.split("alert")[1]
    assert "alert(1)</script>␊␀\ufffd{{ 7 * 7 }}&amp;🚚\ufffd.mp4" in Tags(page).text


@given(
    name=st.text(
        st.characters(exclude_characters="\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"), min_size=1
    )
)
def test_any_name_leaves_the_page_as_it_is_built(name: str) -> None:
    page = render(named(name))
    page.encode("utf-8")
    assert Tags(page).tags == Tags(render(named("harmless"))).tags


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (report(), "No videos to check"),
        (report(quarantined=[{"path": "p", "reason": "r"}]), "No video could be checked"),
        (report(video()), "Nothing out of the ordinary in 1 video"),
        (report(*[video()] * 1200), "Nothing out of the ordinary in 1,200 videos"),
        (report(video(event(1, 1.0))), "1 event in 1 video"),
        (report(video(event(1, 1.0)), video()), "1 event in 1 of 2 videos"),
        (
            report(video(event(1, 1.0), event(9, 1.0)), video(), video()),
            "2 events in 1 of 3 videos",
        ),
        (report(video(event(1, 1.0)), video(event(1, 1.0))), "2 events in all 2 videos"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_headline_says_whether_anything_happened(document: dict[str, Any], words: str) -> None:
    assert headline(document) == words
    page = render(document)
    assert f"<h1>{words}</h1>" in page
    assert f"<title>{words} · nightjar</title>" in page


def test_every_event_appears_the_strangest_first() -> None:
    document = report(
        video(event(10, 1.0, "low"), event(50, 3.0, "high"), path="/in/a.mp4"),
        video(path="/in/quiet.mp4", camera="yard"),
        video(event(20, 2.0, "middle"), path="/in/c.mp4", camera="dock"),
    )
    page = render(document)
    rows = re.findall(r'<tr class="event"[^>]*>(.*?)</tr>', page, re.DOTALL)
    assert [re.findall(r'href="(.*?)"', row) for row in rows] == [
        ["#video-1"],
        ["#video-3"],
        ["#video-1"],
    ]
    assert [re.findall(r'peak">([\d.]+)', row) for row in rows] == [["6.00"], ["4.00"], ["2.00"]]
    assert "0:00:05.0 \N{EN DASH} 0:00:05.5" in rows[0]
    assert all(f'id="video-{number}"' in page for number in (1, 2, 3))
    assert all(name in page for name in ("low-10", "high-50", "middle-20"))
    assert "frames 50 to 54" in page
    assert page.count('class="band"') == 3
    assert "nothing on 1 other camera" in page


def test_only_videos_without_events_are_folded_away() -> None:
    page = render(report(video(event(1, 1.0)), video(path="/in/quiet.mp4")))
    assert re.findall(r'<(article|details) id="(.*?)"', page) == [
        ("article", "video-1"),
        ("details", "video-2"),
    ]
    assert "highest 0.50\N{MULTIPLICATION SIGN} threshold" in page


def test_bands_follow_their_events_whatever_order_the_report_lists_them_in() -> None:
    shuffled, sorted_ = video(event(50, 3.0), event(10, 1.0)), video(event(10, 1.0), event(50, 3.0))
    assert render(report(shuffled)) == render(report(sorted_))


def test_quarantined_footage_is_named_with_every_line_of_its_reason() -> None:
    bad = [
        {"path": "/in/x<y>.mp4", "reason": "cut off\nmoov atom not found"},
        {"path": "b", "reason": ""},
    ]
    page = render(report(video(), quarantined=bad))
    assert escape("/in/x<y>.mp4") in page
    assert "cut off" in page
    assert "moov atom not found" in page
    assert "2 files could not be read" in page
    assert "1 file could not be read</a> and was not" in render(report(quarantined=bad[:1]))


def test_facts_and_neighbouring_files_are_named() -> None:
    page = render(report(video(event(1, 1.0)), video()))
    text = " ".join(Tags(page).text.split())
    assert "2025-03-07 06:30 UTC" in text
    assert "default@v1 learned from 1 video, 1,000 frames" in text
    assert "0.5 99.9% of normal frames score no higher (quantile:0.999)" in text
    assert "Frames checked 200 5 above the threshold" in text
    assert "Footage 20.0 s" in text
    assert all(
        f'href="{name}"' in page for name in ("report.json", "frame_scores.parquet", "events.csv")
    )


def test_the_page_asks_nobody_for_anything() -> None:
    page = render(report(video(event(1, 1.0)), video(), quarantined=[{"path": "p", "reason": "r"}]))
    assert "://" not in page
    assert not re.search(r"@import|\bsrc=|<script [^>]|<iframe|<object|fetch\(|innerHTML", page)
    targets = re.findall(r"(?:href=\"|url\()([^\")]*)", page)
    assert all(re.match(r"#|data:,$|[\w.]+$", target) for target in targets)


def test_every_reference_inside_the_page_has_one_target() -> None:
    page = render(report(video(event(1, 1.0)), video(), quarantined=[{"path": "p", "reason": "r"}]))
    names = re.findall(r' id="(.*?)"', page)
    assert len(names) == len(set(names))
    referred = re.findall(r'(?:href="|url\()#([\w-]+)', page)
    referred += " ".join(re.findall(r'aria-labelledby="(.*?)"', page)).split()
    assert set(referred) <= set(names)


def test_the_same_report_gives_the_same_bytes() -> None:
    document = report(video(event(1, 1.0), event(20, 1.0)), video(event(1, 1.0), camera="yard"))
    assert render(document) == render(document)


@pytest.mark.parametrize("threshold", [0.0, 1e300, 5e-324])
def test_no_threshold_is_too_strange_to_print(threshold: float) -> None:
    page = render(report(video(event(1, 1.0)), video(), threshold=threshold))
    assert "nan" not in Tags(page).text.lower()


def test_one_frame_is_a_video() -> None:
    document = report(video(event(0, 1.0)) | {"frames": 1, "duration_s": 0.0})
    page = render_page(document, [timeline_of(np.zeros(1), np.ones(1))])
    assert "1 event in 1 video" in page


def test_a_timeline_is_missing() -> None:
    with pytest.raises(ValueError, match="shorter"):
        render_page(report(video()), [])


@pytest.mark.parametrize(
    ("time_s", "text"),
    [
        (0, "0:00:00.0"),
        (59.96, "0:01:00.0"),
        (3661.24, "1:01:01.2"),
        (360000, "100:00:00.0"),
        (-1.5, "-0:00:01.5"),
    ],
)
def test_clock(time_s: float, text: str) -> None:
    assert clock(time_s) == text


@pytest.mark.parametrize(
    ("duration_s", "text"),
    [
        (0, "0.0 s"),
        (0.04, "0.04 s"),
        (0.999, "1.0 s"),
        (59.96, "1 min 0 s"),
        (3599.6, "1 h 0 min"),
        (7380, "2 h 3 min"),
    ],
)
def test_length(duration_s: float, text: str) -> None:
    assert length(duration_s) == text


@pytest.mark.parametrize(
    ("score", "threshold", "text"),
    [
        (1.0, 1.0, "1.00\N{MULTIPLICATION SIGN}"),
        (1.0001, 1.0, "just over 1\N{MULTIPLICATION SIGN}"),
        (0.9999, 1.0, "just under 1\N{MULTIPLICATION SIGN}"),
        (0.62, 1.0, "0.62\N{MULTIPLICATION SIGN}"),
        (12.34, 1.0, "12.3\N{MULTIPLICATION SIGN}"),
        (1234.5, 1.0, "1,234\N{MULTIPLICATION SIGN}"),
        (0.25, 0.0, "score 0.25"),
    ],
)
def test_multiple(score: float, threshold: float, text: str) -> None:
    assert multiple(score, threshold) == text


def test_words_for_rules_and_moments() -> None:
    words = "normal footage gives at most 2 events a camera a day (budget:2/day)"
    assert rule_in_words("budget:2/day") == words
    assert "1 event a camera a week" in rule_in_words("budget:1/week")
    assert rule_in_words("secret:2") == "secret:2"
    assert (
        moment("2025-03-07T06:30:00")
        == moment("2025-03-07T07:30:00+01:00")
        == "2025-03-07 06:30 UTC"
    )


def test_the_template_lies_where_the_package_looks_for_it() -> None:
    assert (Path(__file__).parents[3] / "tasks" / "report" / "page.html").is_file()


def test_a_camera_that_did_not_see_well_is_named_before_anything_else() -> None:
    page = render(report(video(event(10, 2.0)) | {"health": [ailment(0), ailment(50, "frozen")]}))
    text = " ".join(Tags(page).text.split())
    assert text.index("1 camera did not see well") < text.index("Events, the strangest first")
    assert "gate black picture, frozen picture" in text
    assert text.count("black picture") == 3, "in the head, in the table, and below its video"
    assert "did not see well" not in render(report(video(event(10, 2.0))))


def test_wall_clock_times_are_shown_where_they_are_known() -> None:
    recorded = {"recorded_at": "2026-03-29T03:30:00.000+02:00", "recorded_by": "path"}
    known = event(10, 2.0) | {"recorded_at": "2026-03-29T03:30:01.000+02:00"}
    text = " ".join(Tags(render(report(video(known) | recorded))).text.split())
    assert "2026-03-29 03:30:01 +0200 0:00:01.0 \N{EN DASH} 0:00:01.5" in text
    assert "Recorded 2026-03-29 03:30:00 +0200 by its path" in text
    assert wall_clock("2026-11-25T05:00:00+00:00") == "2026-11-25 05:00:00 UTC"


def test_what_was_cut_off_or_left_for_the_next_run_is_said() -> None:
    damaged = video() | {"truncated": True, "damage": "error while decoding (3 times)"}
    waiting = [{"path": "/in/now.mp4", "reason": "being written"}]
    text = " ".join(Tags(render(report(damaged, pending=waiting))).text.split())
    assert "Damage cut off before its end; error while decoding (3 times)" in text
    assert "1 file left for the next run /in/now.mp4 being written" in text


def words_of(document: dict[str, Any]) -> str:
    """Return the page's text as a person reads it."""
    return " ".join(Tags(render(document)).text.split("use strict")[0].split())


def stale(camera: str, ratio: float | None = 2.4) -> dict[str, Any]:
    return {"camera": camera, "ratio": ratio, "videos": 3, "stale": True}


def test_a_report_without_the_newer_fields_says_nothing_of_them() -> None:
    text = words_of(report(video(event(1, 1.0)), video()))
    for words in ("out of date", "estimate", "look like the rest", "would be missed", "Where"):
        assert words not in text
    assert 'class="notices"' not in render(report(video(event(1, 1.0))))


def test_cameras_that_the_profile_no_longer_knows_are_named_with_what_to_do() -> None:
    fine = stale("yard") | {"stale": False}
    document = report(video(), drift=[stale("gate"), stale("dock; rm -rf /", None), fine])
    text = words_of(document)
    assert "out of date for 2 cameras: gate 2.40\N{MULTIPLICATION SIGN}" in text
    assert (
        "nightjar profile --update --profile default --normal camera:gate 'camera:dock; rm -rf /'"
        in text
    )
    assert "yard" not in text
    assert "out of date" not in words_of(report(video(), drift=[fine]))


def test_the_headline_comes_before_every_notice() -> None:
    text = words_of(report(video(event(1, 1.0)), drift=[stale("gate")]))
    text = text.split("nightjar report, created")[1]
    assert text.index("1 event in 1 video") < text.index("out of date") < text.index("Events, the")


def test_normal_videos_that_stand_out_are_named() -> None:
    one = {"video_id": "v1", "camera": "gate", "ratio": 3.1, "left_out": False}
    two = {"video_id": "v2", "camera": "yard", "path": "/n/b.mp4", "ratio": 2.0, "left_out": True}
    normal = {"videos": 9, "frames": 1000, "frames_left_out": 0, "standing_out": [one, two]}
    text = words_of(report(video(), normal=normal))
    assert "2 normal videos do not look like the rest" in text
    assert "v1 (3.10\N{MULTIPLICATION SIGN}, learned)" in text
    assert "/n/b.mp4 (2.00\N{MULTIPLICATION SIGN}, left out)" in text
    normal["standing_out"] = []
    assert "look like the rest" not in words_of(report(video(), normal=normal))


@pytest.mark.parametrize(
    ("changes", "words", "missing"),
    [
        ({}, "anywhere from 0.4 to 0.6", "\0"),
        ({"low": None}, "It is set to 0.5.", "anywhere from"),
        ({"extrapolated": False}, "two alarms a day", "is an estimate"),
    ],
)
def test_a_threshold_that_is_an_estimate_is_called_one(
    changes: dict[str, Any], words: str, missing: str
) -> None:
    calibration = {
        "rule": "budget:2/day",
        "value": 0.5,
        "extrapolated": True,
        "low": 0.4,
        "high": 0.6,
        "camera_days": 0.5,
        "words": "two alarms a day",
    }
    text = words_of(report(video(), calibration=calibration | changes))
    assert words in text
    assert missing not in text


def test_confirmed_anomalies_that_are_missed_are_counted() -> None:
    missed = {"anomalies": 12, "missed": ["e1"]}
    text = words_of(report(video(), regression=missed))
    assert "1 of 12 confirmed anomalies would be missed today" in text
    assert "no longer flags it" in text
    found = words_of(report(video(), regression={"anomalies": 12, "missed": []}))
    assert "all 12 still flagged" in found
    assert "would be missed" not in found


def test_each_video_is_drawn_and_judged_by_its_own_threshold() -> None:
    strict = video(event(10, 2.0)) | {"threshold": 0.25, "scope": "camera:gate", "drift": 0.8}
    page = render_page(report(strict, video(path="/in/b.mp4")), [flat(1.0), flat(1.0)])
    assert re.findall(r'peak">([\d.]+)', page)[0] == "8.00"
    assert len(set(re.findall(r'class="threshold".*? y1="([\d.]+)"', page))) == 2
    text = words_of(report(strict, video(path="/in/b.mp4")))
    assert "Threshold 0.25 to 0.5 by video" in text
    assert "Compared with what is normal on gate" in text
    assert "Distance from normal 0.80" in text


def test_the_ranks_of_the_report_count() -> None:
    first, second = event(10, 1.0, "low") | {"rank": 1}, event(50, 3.0, "high") | {"rank": 2}
    page = render(report(video(first, second)))
    assert re.findall(r'data-event="(.*?)"', page) == ["low-10", "high-50"]
    del second["rank"]
    page = render(report(video(first, second)))
    assert re.findall(r'data-event="(.*?)"', page) == ["high-50", "low-10"]


def test_an_event_says_how_long_how_often_and_what_people_said() -> None:
    told = event(10, 2.0) | {"duration_s": 72.0, "once_in_days": 40, "verdict": "normal"}
    page = render(report(video(told)))
    assert "1 min 12 s" in page
    assert "once in 40 days" in page
    assert 'data-saved="normal"' in page
    assert 'class="often"' not in render(report(video(event(1, 1.0) | {"once_in_days": None})))


def test_the_heat_map_is_drawn_where_there_is_a_good_one() -> None:
    def drawn(heat: Any) -> int:
        page = render(report(video(event(10, 2.0) | {"heat": heat}, event(50, 1.0))))
        return page.count('<svg class="heat"')

    assert drawn([0, 0, 0, 1]) == 1
    assert [drawn(heat) for heat in (None, [], [1, 2, 3], [1, 1, 1, -1])] == [0, 0, 0, 0]


def test_only_the_script_of_the_page_may_run() -> None:
    page = render(report(video(event(1, 1.0))))
    script = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)[0]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src" in page
    assert page.count("script-src") == page.count(f"script-src 'sha256-{digest}'") == 1
    assert "<script" not in render(report(video())), "nothing to mark"


@pytest.mark.parametrize(
    ("once_in_days", "words"),
    [
        (None, ""),
        (-1, ""),
        (float("nan"), ""),
        (0, "several times an hour"),
        (1 / 24, "about once an hour"),
        (0.1, "several times a day"),
        (0.66, "several times a day"),
        (1, "about once a day"),
        (1.5, "once in 2 days"),
        (40, "once in 40 days"),
        (89.5, "once in 3 months"),
        (365, "once in 12 months"),
        (730.5, "once in 2 years"),
        (3652, "once in 10 years"),
        (3653, "less than once in 10 years"),
        (float("inf"), "less than once in 10 years"),
    ],
)
def test_often(once_in_days: float | None, words: str) -> None:
    assert often(once_in_days) == words


@pytest.mark.parametrize(
    ("scope", "words"),
    [
        ("all", "what is normal on all cameras"),
        ("camera:gate", "what is normal on gate"),
        ("camera:gate by hour of day", "what is normal on gate at that hour"),
        ("something else", "something else"),
    ],
)
def test_scope_in_words(scope: str, words: str) -> None:
    assert scope_in_words(scope) == words


def test_the_rule_of_events_in_words() -> None:
    rule = {"smooth_s": 1, "causal": True, "hysteresis": 0.8, "min_length_s": 0, "merge_gap_s": 2}
    assert event_rule_in_words(rule) == (
        "scores smoothed over 1.0 s, of the past alone; gaps up to 2.0 s closed; "
        "they end below 0.8 of the threshold"
    )
    assert event_rule_in_words({"smooth_s": 0}) == "every stretch of flagged frames"
    assert "scores smoothed" in words_of(report(video(), event_rule=rule))


def test_an_event_rule_that_does_nothing_is_not_said() -> None:
    steps = ("smooth_s", "min_length_s", "merge_gap_s", "padding_s")
    rule = {"hysteresis": 1.0, "causal": False, **dict.fromkeys(steps, 0.0)}
    assert event_rule_in_words(rule) == "every stretch of flagged frames"


def test_a_threshold_says_its_rule_and_what_normal_footage_gave_above_it() -> None:
    calibration = {"rule": "quantile:0.99", "value": 0.2, "extrapolated": False, "words": "gave 1"}
    text = words_of(report(video(), threshold_rule="quantile:0.99", calibration=calibration))
    assert "99% of normal frames score no higher (quantile:0.99); gave 1" in text
