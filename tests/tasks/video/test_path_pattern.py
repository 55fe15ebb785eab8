from __future__ import annotations

import os
import pickle
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.video.errors import PathPatternError, VideoError
from tasks.video.path_pattern import PRESETS, PathFacts, PathPattern, describe_mismatch

NAMES = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="/"), min_size=1, max_size=20
)
MOMENTS = st.datetimes(datetime(1971, 1, 1), datetime(2099, 12, 31)).map(  # noqa: DTZ001
    lambda moment: moment.replace(microsecond=0, tzinfo=UTC)
)


def cut(text: str, path: str) -> PathFacts | None:
    return PathPattern.parse(text).match(path)


def start_of(text: str, path: str, timezone: str | None = None) -> str | None:
    facts = PathPattern.parse(text, timezone).match(path)
    return facts.start.isoformat() if facts and facts.start else None


def camera_in(text: str, path: str) -> str | None:
    facts = cut(text, path)
    return facts.camera if facts else None


@pytest.mark.parametrize(
    ("text", "path", "camera"),
    [
        pytest.param("{camera}/*.mp4", "/a/gate/x.mp4", "gate", id="folder"),
        pytest.param("{camera}/*", "/gate/x.mp4", "gate", id="folder at the root"),
        pytest.param("{camera}_*.mp4", "/a/gate_1.mp4", "gate", id="front of the name"),
        pytest.param("*_{camera}.mp4", "/a/1_gate.mp4", "gate", id="end of the name"),
        pytest.param("cam-{camera}/*", "/a/cam-3/x", "3", id="part of a folder's name"),
        pytest.param("{camera}.mp4", "/a/.mp4", None, id="one character at least"),
        pytest.param("{camera}/*/*.mp4", "/a/b/x.mp4", "a", id="star for a folder"),
        pytest.param("{camera}/*/*.mp4", "/b/x.mp4", None, id="star is one folder"),
        pytest.param("*/{camera}/x.mp4", "/gate/x.mp4", None, id="the root is no folder"),
        pytest.param("{camera}/x*.mp4", "/gate/x.mp4", "gate", id="star for nothing"),
        pytest.param("{camera}/*", "/gate/x\ny.mp4", "gate", id="newline"),
        pytest.param("{camera}.mp4", "/a/x\ny\n.mp4", "x\ny\n", id="newline in the name"),
        pytest.param("{camera}.mp4", "/a/x.mp4\n", None, id="newline at the end"),
        pytest.param("{camera}/b.mp4", "/a/gate/b.mp4", "gate", id="end of the path"),
        pytest.param("b/{camera}.mp4", "/a/xb/gate.mp4", None, id="from a folder's name on"),
        pytest.param("b/{camera}.mp4", "/b/gate.mp4.part", None, id="to the end of the path"),
        pytest.param("/b/{camera}.mp4", "/b/gate.mp4", "gate", id="root"),
        pytest.param("/b/{camera}.mp4", "/a/b/gate.mp4", None, id="root anchors"),
        pytest.param("/b/{camera}.mp4", "b/gate.mp4", None, id="no root"),
        pytest.param("{camera}/x.mp4", "/gate/x.MP4", "gate", id="ending in capitals"),
        pytest.param("{camera}/x.MP4", "/gate/x.mp4", "gate", id="ending in small letters"),
        pytest.param("{camera}/x.mp4", "/gate/X.mp4", None, id="capitals count in a name"),
        pytest.param("a.b/{camera}", "/A.B/gate", None, id="capitals count in a folder's name"),
        pytest.param("{camera}/a.mp4", "/gate/axmp4", None, id="a full stop is one"),
        pytest.param("{camera}/[a]+(b)?|^$.mp4", "/g/[a]+(b)?|^$.mp4", "g", id="no expression"),
        pytest.param("{camera}\\x/*", "/gate\\x/y", "gate", id="backslash"),
        pytest.param("{camera}%Y/*", "/gate%Y/y", "gate", id="per cent sign outside of a start"),
        pytest.param("a/**/{camera}/*", "/a/gate/x", "gate", id="two stars for no folder"),
        pytest.param("a/**/{camera}/*", "/a/b/c/gate/x", "gate", id="two stars for folders"),
        pytest.param("a/**/{camera}/*", "/b/c/gate/x", None, id="two stars and no folder a"),
        pytest.param("{camera}/**/*", "/a/b/gate/x", "gate", id="two stars take little"),
        pytest.param("a/{camera}/**/*", "/a/a/b/c/d/x", "b", id="the lowest fitting folder"),
        pytest.param("/a/{camera}/**/*", "/a/a/b/c/d/x", "a", id="the folder at the root"),
        pytest.param("/**/{camera}/*", "/a/b/x", "b", id="root and two stars"),
        pytest.param("**/{camera}/*", "/b/x", "b", id="two stars in front"),
        pytest.param("{camera:path}/x", "/a/b/x", "b", id="folders take little"),
        pytest.param("a/{camera:path}/*", "/r/a/b/c/x", "b/c", id="folders"),
        pytest.param("/{camera:path}/*", "/r/a/x", "r/a", id="folders from the root on"),
        pytest.param("a/{camera:path}/*", "/a/x", None, id="one folder at least"),
        pytest.param("{camera}-*-*.mp4", "/a/b-c-d-e.mp4", "b", id="the first place fits"),
        pytest.param("{camera}/*a*b*.mp4", "/g/xaxbx.mp4", "g", id="stars in a name"),
        pytest.param("{camera}/*a*b*.mp4", "/g/xbxax.mp4", None, id="stars in a wrong order"),
        pytest.param("{camera}/*ab", "/g/abab", "g", id="the last star goes on to the end"),
    ],
)
def test_a_grammar_says_which_camera_recorded_a_file(
    text: str, path: str, camera: str | None
) -> None:
    facts = cut(text, path)
    assert facts == (PathFacts(camera, None) if camera else None)


@pytest.mark.parametrize(
    ("form", "written", "moment"),
    [
        ("%Y-%m-%d", "2026-03-01", "2026-03-01T00:00:00"),
        ("%Y%m%d%H%M%S", "20260301140530", "2026-03-01T14:05:30"),
        ("%Y%m%d%H%M%S", "20261301140530", None),
        ("%Y%m%d%H%M%S", "20260230140530", None),
        ("%Y%m%d%H%M%S", "20260301240530", None),
        ("%Y%m%d%H%M%S", "20260301140561", None),
        ("%Y%m%d%H%M%S", "2026030114053", None),
        ("%Y%m%d%H%M%S", "202603011405300", None),
        ("%Y-%m-%d", "2026-3-1", None),
        ("%Y-%m-%d", "٢٠٢٦-03-01", None),
        ("%Y-%m-%d", "0000-03-01", None),
        ("%Y%m%d", "20240229", "2024-02-29T00:00:00"),
        ("%Y%m%d", "20250229", None),
        ("%y%m%d", "690301", "1969-03-01T00:00:00"),
        ("%y%m%d", "680301", "2068-03-01T00:00:00"),
        ("%Y%j", "2024366", "2024-12-31T00:00:00"),
        ("%Y%j", "2025366", None),
        ("%y%j", "25000", None),
        ("%Y%m%d-%j", "20260301-060", "2026-03-01T00:00:00"),
        ("%Y%m%d-%j", "20260301-061", None),
        ("%Y-%y%m%d", "2026-250301", None),
        ("%d%b%Y", "01Mar2026", "2026-03-01T00:00:00"),
        ("%d%b%Y", "01MAR2026", "2026-03-01T00:00:00"),
        ("%d%b%Y", "01Mär2026", None),
        ("%d %B %Y", "01 march 2026", "2026-03-01T00:00:00"),
        ("%Y%m%d %I%M%p", "20260301 1205AM", "2026-03-01T00:05:00"),
        ("%Y%m%d %I%M%p", "20260301 1205PM", "2026-03-01T12:05:00"),
        ("%Y%m%d %I%M%p", "20260301 0205pm", "2026-03-01T14:05:00"),
        ("%Y%m%d %I%M%p", "20260301 1305PM", None),
        ("%Y%m%d %I%M%p", "20260301 0005PM", None),
        ("%Y%m%d%p %H", "20260301PM 14", "2026-03-01T14:00:00"),
        ("%-m-%-d-%Y %-H.%-M.%-S", "3-1-2026 4.5.6", "2026-03-01T04:05:06"),
        ("%-m-%-d-%Y %-H.%-M.%-S", "12-31-2026 14.15.16", "2026-12-31T14:15:16"),
        ("%-m-%-d-%Y", "3-100-2026", None),
        ("%Y%m%d%H%M%S-%f", "20260301140530-123456", "2026-03-01T14:05:30.123456"),
        ("%Y%m%d%H%M%S%f", "20260301140530123", "2026-03-01T14:05:30.123000"),
        ("%Y%m%d%H%M%S%f", "202603011405301234567", None),
        ("%s", "1772373930", "2026-03-01T14:05:30"),
        ("%s", "1772373930123", None),
        ("%s%f", "1772373930123", "2026-03-01T14:05:30.123000"),
        ("%s.%f", "1772373930.5", "2026-03-01T14:05:30.500000"),
        ("%Y%m%d-%s", "20200101-1772373930", "2026-03-01T14:05:30"),
        ("%Y%m%dT%H%M%S%z", "20260301T150530+0100", "2026-03-01T14:05:30"),
        ("%Y%m%dT%H%M%S%z", "20260301T150530+01:00", "2026-03-01T14:05:30"),
        ("%Y%m%dT%H%M%S%z", "20260301T140530Z", "2026-03-01T14:05:30"),
        ("%Y%m%dT%H%M%S%z", "20260301T140530+9900", None),
        ("%Y%m%d%z", "00010101+0100", None),
        ("%Y%m%d_%Y%m%d", "20260301_20260301", "2026-03-01T00:00:00"),
        ("%Y%m%d_%Y%m%d", "20260301_20260302", None),
        ("%Y-%m-%d %m-%b", "2026-03-01 03-Mar", "2026-03-01T00:00:00"),
        ("%Y-%m-%d %m-%b", "2026-03-01 03-Apr", None),
        ("%Y-%m-%d %d-%-d", "2026-03-01 01-1", "2026-03-01T00:00:00"),
        ("%Y-%m-%d100%%", "2026-03-01100%", "2026-03-01T00:00:00"),
        ("%Y-%m-%d*", "2026-03-01*", "2026-03-01T00:00:00"),
        ("%Y-%m-%d*", "2026-03-01x", None),
    ],
)
def test_a_start_is_read_by_its_directives(form: str, written: str, moment: str | None) -> None:
    read = start_of(f"x_{{start:{form}}}.mp4", f"/a/x_{written}.mp4")
    assert read == (moment and f"{moment}+00:00")


def test_the_pieces_of_a_start_are_taken_together() -> None:
    text = "{start:%Y-%m-%d/%H}/{camera}/{start:%M.%S}.mp4"
    facts = cut(text, "/media/frigate/recordings/2026-03-01/14/gate/05.30.mp4")
    assert facts == PathFacts("gate", datetime(2026, 3, 1, 14, 5, 30, tzinfo=UTC))


def test_a_path_of_another_form_does_not_match() -> None:
    text = "{camera}/{start:%Y-%m-%d/%H.%M.%S}.mp4"
    for path in (
        "",
        "/",
        "/gate/2026-03-01/14.05.30.mkv",
        "/gate/2026-03-01/14.05.mp4",
        "/gate/2026-03-01/14/05.30.mp4",
        "/2026-03-01/14.05.30.mp4",
        "/gate/2026-03-01/14.05.30.mp4/",
    ):
        assert cut(text, path) is None


@pytest.mark.parametrize(
    ("timezone", "local", "moment"),
    [
        pytest.param(None, "2026-07-01 12", "2026-07-01T12:00:00", id="UTC by default"),
        pytest.param("Europe/Berlin", "2026-07-01 12", "2026-07-01T10:00:00", id="summer"),
        pytest.param("Europe/Berlin", "2026-01-01 12", "2026-01-01T11:00:00", id="winter"),
        pytest.param("Europe/Berlin", "2026-01-01 00", "2025-12-31T23:00:00", id="another year"),
        pytest.param("Europe/Berlin", "2026-10-25 02", "2026-10-25T00:00:00", id="first of two"),
        pytest.param("Europe/Berlin", "2026-10-25 03", "2026-10-25T02:00:00", id="after the two"),
        pytest.param("Europe/Berlin", "2026-03-29 02", "2026-03-29T01:00:00", id="skipped"),
        pytest.param("Europe/Berlin", "2026-03-29 03", "2026-03-29T01:00:00", id="not skipped"),
        pytest.param("America/New_York", "2026-07-01 12", "2026-07-01T16:00:00", id="west"),
        pytest.param("America/New_York", "2026-11-01 01", "2026-11-01T05:00:00", id="first, west"),
        pytest.param(
            "America/New_York", "2026-03-08 02", "2026-03-08T07:00:00", id="skipped, west"
        ),
        pytest.param("Asia/Kathmandu", "2026-03-08 00", "2026-03-07T18:15:00", id="quarter hours"),
    ],
)
def test_times_are_local_to_the_timezone(timezone: str | None, local: str, moment: str) -> None:
    read = start_of("{start:%Y-%m-%d %H}.mp4", f"/a/{local}.mp4", timezone)
    assert read == f"{moment}+00:00"


def test_unix_time_and_an_offset_in_the_path_win_over_the_timezone() -> None:
    for form, written in (("%s", "1772373930"), ("%Y%m%d%H%M%S%z", "20260301090530-0500")):
        read = start_of(f"{{start:{form}}}.mp4", f"/a/{written}.mp4", "Asia/Tokyo")
        assert read == "2026-03-01T14:05:30+00:00"


def test_a_time_that_the_calendar_does_not_reach_does_not_match() -> None:
    assert start_of("{start:%Y%m%d}.mp4", "/a/00010101.mp4", "Asia/Tokyo") is None
    assert start_of("{start:%Y%m%d%H}.mp4", "/a/9999123123.mp4", "America/New_York") is None


@pytest.mark.parametrize(
    "text",
    [
        "{camera}/{start:%Y-%m-%d/%H.%M.%S}.mp4",
        "{camera}_{start:%Y%m%d%H%M%S}.mp4",
        "{start:%Y-%m-%d/%H}/{camera}/{start:%M.%S}.mp4",
        "{start:%d%b%Y}/x{camera}x/{start:%I-%M-%S %p}.mp4",
        "{start:%d %B %Y}/**/{camera}/*{start:%H%M%S}.mp4",
        "/r/{camera:path}/{start:%Y%j}/{start:%H%M%S}*.mp4",
    ],
)
@given(camera=NAMES, moment=MOMENTS)
def test_a_path_written_by_a_grammar_gives_back_camera_and_start(
    text: str, camera: str, moment: datetime
) -> None:
    path = "/r/" + moment.strftime(
        text.removeprefix("/r/")
        .replace("{start:", "")
        .replace("**/", "")
        .replace("*", "")
        .replace("}", "")
        .replace("{camera:path", "{camera")
    ).replace("{camera", camera)
    assert cut(text, path) == PathFacts(camera, moment)


@given(seconds=st.integers(10**9, 10**10 - 1))
def test_unix_time_of_ten_digits_is_read_back(seconds: int) -> None:
    facts = cut("*_{start:%s}.mp4", f"/a/1_{seconds}.mp4")
    assert facts == PathFacts(None, datetime.fromtimestamp(seconds, UTC))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is neither a preset nor a grammar: name one of frigate, blueiris, "),
        ("frigat", "'frigat' is neither a preset nor a grammar"),
        ("a/b.mp4", "has neither {camera} nor {start:FORMAT}: give it one at least"),
        ("*/*.mp4", "has neither {camera} nor {start:FORMAT}"),
        ("{cam}/*.mp4", "has '{cam}', which is no field: fields are {camera}, {camera:path} and"),
        ("{start}/*.mp4", "has '{start}', which is no field"),
        ("{}/*.mp4", "has '{}', which is no field"),
        ("{camera/*.mp4", "has a '{' without its other half"),
        ("camera}/*.mp4", "has a '}' without its other half"),
        ("{camera}/{start:%Y{}}.mp4", "has a '{' without its other half"),
        ("{camera}/{camera}.mp4", "names the camera more than once: keep one"),
        ("{camera:path}/{camera}.mp4", "names the camera more than once"),
        ("{camera}/{start:x}.mp4", "has a {start:FORMAT} without a directive: write"),
        ("{camera}/{start:}.mp4", "has a {start:FORMAT} without a directive"),
        ("{camera}/{start:%%Y}.mp4", "has a {start:FORMAT} without a directive"),
        ("{start:%Y-%q}.mp4", "has '%q', which is no directive: use %Y %y %m"),
        ("{start:%Y%}.mp4", "has '%', which is no directive"),
        ("{start:%Y%-}.mp4", "has '%-', which is no directive"),
        ("{start:%Y%--m}.mp4", "has '%--', which is no directive"),
        ("{start:%Y%-Y}.mp4", "has '%-Y', which is no directive"),
        ("{start:%H.%M.%S}.mp4", "tells no moment without %Y and %m and %d: add it to"),
        ("{start:%Y%m/%H}.mp4", "tells no moment without %d"),
        ("{start:%m%d}.mp4", "tells no moment without %Y"),
        ("{start:%Y%m%d%M%S}.mp4", "tells no moment without %H"),
        ("{start:%Y%m%d%H%S}.mp4", "tells no moment without %M"),
        ("{start:%Y%m%d%H%M%f}.mp4", "tells no moment without %S"),
        ("{start:%Y%m%d%I}.mp4", "tells no moment without %p"),
        ("{start:%Y%m%d%p}.mp4", "tells no moment without %I"),
        ("{camera}*/x.mp4", "has * and {camera} side by side: write a text between them"),
        ("*{camera}/x.mp4", "has * and {camera} side by side"),
        ("{camera}/***.mp4", "has ** or {camera:path} within a name"),
        ("{camera}/a**/x.mp4", "has ** or {camera:path} within a name: write it between two '/'"),
        ("cam{camera:path}/x.mp4", "has ** or {camera:path} within a name"),
        ("{camera}/**", "ends with folders: add the file's name, such as *.mp4"),
        ("{camera:path}", "ends with folders"),
        ("{camera}/", "has a folder or file named '', '.' or '..', which no path has"),
        ("{camera}//x.mp4", "has a folder or file named ''"),
        ("./{camera}/x.mp4", "has a folder or file named '', '.'"),
        ("../{camera}/x.mp4", "has a folder or file named '', '.' or '..'"),
    ],
)
def test_a_grammar_without_sense_is_refused_with_what_to_do(text: str, says: str) -> None:
    with pytest.raises(PathPatternError) as caught:
        PathPattern.parse(text)
    message = str(caught.value)
    assert message.startswith(f"the path pattern {text!r} ")
    assert says in message
    assert "\n" not in message
    assert isinstance(caught.value, VideoError)


@pytest.mark.parametrize(
    "timezone", ["", "Berlin", "Europe", "europe/berlin!", "/etc/passwd", "../UTC", "a\0", "\udcff"]
)
def test_an_unknown_timezone_is_refused_with_an_example(timezone: str) -> None:
    with pytest.raises(PathPatternError, match="give an IANA name such as Europe/Berlin") as caught:
        PathPattern.parse("{camera}/*.mp4", timezone)
    assert "\n" not in str(caught.value)


def test_a_message_stays_on_one_line_and_is_valid_unicode() -> None:
    with pytest.raises(PathPatternError) as caught:
        PathPattern.parse("a\nb\udcff*")
    str(caught.value).encode()
    assert "\n" not in str(caught.value)


def test_a_pattern_is_a_value() -> None:
    pattern = PathPattern.parse("{camera}/*.mp4")
    assert pattern == PathPattern("{camera}/*.mp4", "UTC")
    assert pickle.loads(pickle.dumps(pattern)) == pattern
    with pytest.raises(PathPatternError):
        PathPattern("{cam}", "UTC")


def test_facts_hold_a_named_camera_and_a_start_in_utc() -> None:
    start = datetime(2026, 3, 1, tzinfo=UTC)
    with pytest.raises(ValueError, match="one character at least"):
        PathFacts("", start)
    for wrong in (start.replace(tzinfo=None), start.replace(tzinfo=ZoneInfo("Asia/Tokyo"))):
        with pytest.raises(ValueError, match="a start is in UTC"):
            PathFacts("gate", wrong)


def test_bytes_that_are_no_text_become_escapes_in_a_camera() -> None:
    path = os.fsdecode(b"/archive/g\xffte/x\xfe.mp4")
    assert camera_in("{camera}/*.mp4", path) == "g\\xffte"
    assert camera_in("archive/{camera:path}/*", path) == "g\\xffte"
    assert camera_in(os.fsdecode(b"{camera}/x\xfe.mp4"), path) == "g\\xffte"


@pytest.mark.parametrize(
    "text",
    [
        "{camera}/**/*a*a*a*a*a*b/**/*a*a*a*a*a*b.mp4",
        "**/*/**/*/**/*/**/{camera}/**/*/**/*/x",
        "*a*a*a*a*a*a*a*a*a*a*{start:%Y%m%d}*b",
        "*-*-*-*-*-{camera}-*-*-*-*-*-*.mp4",
        "{camera:path}/**/a/**/a/**/a/**/a/**/b",
        "{start:%Y}*{start:%m}*{start:%d}*{start:%-H}*{start:%-M}*{start:%-S%f}*x",
    ],
)
@pytest.mark.parametrize(
    "path",
    [
        pytest.param("/" + "a" * 4000, id="one name"),
        pytest.param("/a" * 2000, id="folders"),
        pytest.param("/aaaaaaaaa" * 400, id="folders of several characters"),
        pytest.param("/" + "a-" * 2000, id="separators"),
        pytest.param("/" + "1" * 4000, id="digits"),
        pytest.param("/" + "\n" * 4000, id="newlines"),
        pytest.param("/" * 4000, id="slashes"),
        pytest.param("/" + "\udcff" * 4000, id="bytes that are no text"),
    ],
)
def test_no_path_makes_matching_hang(text: str, path: str) -> None:
    cut(text, path)


@given(path=st.text(st.characters() | st.sampled_from("/01-._\udc80\udcff\n"), max_size=60))
def test_any_path_has_an_answer(path: str) -> None:
    for text in ("frigate", "{camera}_*.*", "/{camera:path}/*", "*{start:%-m%-d%Y%f%H%M%S}*"):
        facts = cut(text, path)
        if facts and facts.camera:
            facts.camera.encode()


def test_a_mismatch_is_described_with_three_paths_that_were_tried() -> None:
    pattern = PathPattern.parse("{camera}/{start:%Y%m%d}.mp4")
    message = describe_mismatch(pattern, [f"/a/{number}\n\udcff.mp4" for number in range(5)])
    assert message == (
        "the path pattern '{camera}/{start:%Y%m%d}.mp4' matches no file, tried "
        r"'/a/0\n\\xff.mp4', '/a/1\n\\xff.mp4', '/a/2\n\\xff.mp4': "
        "write it as these paths end, such as '{camera}/{start:%Y-%m-%d/%H.%M.%S}.mp4', "
        f"or name a preset ({', '.join(PRESETS)})"
    )


def test_a_mismatch_of_a_preset_shows_its_grammars() -> None:
    message = describe_mismatch(PathPattern.parse("unifi"), iter(["/a.mp4"]))
    assert (
        "'unifi' ('{camera} - {start:%Y-%m-%d - %H.%M.%S%z}.*' or "
        "'{camera} - {start:%-m-%-d-%Y, %-I.%-M.%-S%p}.*') matches no file, tried '/a.mp4': "
    ) in message
