"""What people say of events is learned: normal frames at once, anomalies never."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from storage.errors import NotStoredError
from storage.feedback import all_feedback
from storage.footage import find_sighting, record_sighting
from storage.profile_content import read_content
from storage.profiles import ProfileRef
from storage.reports import Report, read_report
from storage.shards import index_shards
from tasks.normality.errors import MissingStatisticsError, NoNormalFootageError
from tasks.profiling import BuiltProfile
from tasks.regression import Regression
from tests.storage.samples import files_in
from tests.tasks.embedded import ENCODER_ID, Archive, Seen, gaussian

NORMAL = "/in/*/[0-9].mp4"
MORNING = "2026-03-0{}T07:00:00+01:00"


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    """Return an archive of normal footage of two cameras."""
    archive = Archive.at(tmp_path)
    for seed in range(6):
        camera = ("gate", "yard")[seed % 2]
        archive.put(f"{camera}/{seed}", gaussian(seed), recorded_at=MORNING.format(seed + 1))
    return archive


def odd(archive: Archive, name: str, *, height: float = 4.0, seed: int = 20) -> Seen:
    """Put a video in which frames 20 to 39 are unlike the rest."""
    rows = gaussian(seed)
    rows[10:20] += height
    return archive.put(name, rows)


def events_of(report: Report, path: str) -> list[dict[str, Any]]:
    (video,) = (video for video in report.document["videos"] if video["path"] == path)
    events: list[dict[str, Any]] = video["events"]
    return events


def first_event(archive: Archive, video: Seen, **scoring: Any) -> str:
    """Score a video and return the id of its event, of which there is one."""
    (event,) = events_of(archive.score(video.path, **scoring), video.path)
    return str(event["event_id"])


def frames_that_count(archive: Archive, built: BuiltProfile, video: Seen) -> int:
    content = archive.content(built)
    frames = dict(zip(content.video_ids, content.frames.tolist(), strict=True))
    return int(frames.get(video.video_id, 0))


def test_what_is_normal_is_learned_and_its_alarm_vanishes(archive: Archive) -> None:
    first = archive.build(NORMAL)
    lorry = odd(archive, "gate/lorry")
    report = archive.score(lorry.path)
    (event,) = events_of(report, lorry.path)
    assert (event["frame_start"], event["frame_end"]) == (20, 40)
    before = files_in(archive.warehouse)

    (learned,) = archive.feedback({event["event_id"]: "normal"})
    built = learned.profile
    assert (built.selector, built.is_new) == ("default@2", True)
    assert (built.videos, built.frames) == (first.videos + 1, first.frames + 20)
    content = archive.content(built)
    rows = [archive.content(first).mean] * first.frames
    expected = np.concatenate([rows, lorry.by_frame[20:40]]).mean(axis=0)
    np.testing.assert_allclose(content.mean, expected, rtol=1e-9)
    (was, now) = (archive.content(x).findings["thresholds"][0]["value"] for x in (first, built))
    assert now > was
    (change,) = learned.changes
    assert (change.report_id, change.alarms) == (report.document["report_id"], 1)
    assert [(x.camera, x.path, x.frame_start, x.frame_end) for x in change.vanished] == [
        ("gate", lorry.path, 20, 40)
    ]
    assert (change.appeared, change.unknown) == ((), 0)
    assert learned.profile.regression.anomalies == 0
    assert events_of(archive.score(lorry.path), lorry.path) == []

    after = files_in(archive.warehouse)
    assert {place: after[place] for place in before} == before, "what was there stays as it was"
    again = archive.feedback({event["event_id"]: "normal"})
    assert (again[0].profile.selector, again[0].profile.is_new) == ("default@2", False)


def test_it_stays_learned_in_later_versions_of_that_name_alone(archive: Archive) -> None:
    archive.build(NORMAL)
    lorry = odd(archive, "gate/lorry")
    archive.feedback({first_event(archive, lorry): "normal"})
    assert frames_that_count(archive, archive.build("camera:yard"), lorry) == 20
    update = archive.build("/in/gate/0.mp4", update=True)
    assert frames_that_count(archive, update, lorry) == 20
    assert frames_that_count(archive, archive.build(NORMAL, name="other"), lorry) == 0
    whole = archive.build(lorry.path, update=True)
    assert frames_that_count(archive, whole, lorry) == 80, "all of it is normal now"


def test_an_anomaly_is_never_learned(archive: Archive) -> None:
    archive.build(NORMAL)
    thief = odd(archive, "gate/7")
    event_id = first_event(archive, thief)
    (learned,) = archive.feedback({event_id: "anomaly"})
    assert not learned.profile.is_new, "it was not part of it"
    assert learned.profile.regression == Regression(1, ())
    for name in ("default", "other"):
        built = archive.build(NORMAL, name=name)  # of the thief's video too
        assert frames_that_count(archive, built, thief) == 60
        (left_out,) = archive.content(built).lineage.left_out
        assert left_out == {
            "video_id": thief.video_id, "kind": "anomaly", "frame_start": 20, "frame_end": 40
        }  # fmt: skip
        rows = archive.calibration(built)[thief.video_id].places
        assert rows[:, 2].sum() == 60
        assert not ((rows[:, 0] >= 20) & (rows[:, 0] < 40)).any()
    merged = archive.merge("default", "other", name="both")
    assert frames_that_count(archive, merged, thief) == 60
    document = archive.score(thief.path).document
    assert document["normal"]["frames_left_out"] == 20
    assert document["regression"] == {"anomalies": 1, "missed": []}


def test_frames_learned_before_are_unlearned(archive: Archive) -> None:
    thief = odd(archive, "gate/7")
    before = archive.build(NORMAL)
    assert frames_that_count(archive, before, thief) == 80
    event_id = first_event(archive, thief, threshold="quantile:0.96")
    (learned,) = archive.feedback({event_id: "anomaly"})
    assert frames_that_count(archive, learned.profile, thief) == 60
    now, was = (archive.content(x).findings["thresholds"][0] for x in (learned.profile, before))
    assert now["value"] < was["value"]


def test_an_anomaly_that_a_later_version_overlooks_is_named(archive: Archive) -> None:
    archive.build(NORMAL)
    thief = odd(archive, "gate/thief")
    event_id = first_event(archive, thief)
    archive.feedback({event_id: "anomaly"})
    for seed in range(4):
        rows = gaussian(40 + seed)
        rows[::4] += 4.0  # such things are normal, it turns out
        archive.put(f"yard/busy{seed}", rows)
    lorry = odd(archive, "yard/lorry", height=6.0)
    lorry_id = first_event(archive, lorry)
    archive.build("/in/yard/busy*.mp4", update=True)
    report = archive.score(lorry.path).document
    assert report["regression"] == {"anomalies": 1, "missed": [event_id]}
    (learned,) = archive.feedback({lorry_id: "normal"})
    assert (learned.profile.regression.anomalies, learned.profile.regression.missed) == (
        1,
        (event_id,),
    )
    assert archive.score(lorry.path, threshold="2.0").document["regression"]["missed"] == []


def test_the_last_word_counts(archive: Archive) -> None:
    first = archive.build(NORMAL)
    thing = odd(archive, "gate/thing")
    event_id = first_event(archive, thing)
    counted = []
    for verdict in ("normal", "anomaly", "normal", "anomaly"):
        (learned,) = archive.feedback({event_id: verdict})
        (said,) = all_feedback(archive.warehouse)
        assert said.verdict == verdict
        counted.append(frames_that_count(archive, learned.profile, thing))
        assert learned.profile.regression.anomalies == (verdict == "anomaly")
    assert counted == [20, 0, 20, 0]
    unlearned = archive.content(learned.profile)
    np.testing.assert_allclose(unlearned.mean, archive.content(first).mean, rtol=1e-9)
    assert unlearned.video_ids == archive.content(first).video_ids


def test_nothing_is_written_where_one_event_is_unknown(archive: Archive) -> None:
    archive.build(NORMAL)
    event_id = first_event(archive, odd(archive, "gate/thing"))
    before = files_in(archive.warehouse)
    with pytest.raises(NotStoredError, match=r"'0123456789abcdef' and 1 others.*events\.csv"):
        archive.feedback({event_id: "normal", "0123456789abcdef": "normal", "../x": "anomaly"})
    assert files_in(archive.warehouse) == before


def test_many_events_of_several_profiles_are_taken_in_at_once(archive: Archive) -> None:
    archive.build("/in/gate/[0-9].mp4", name="gate")
    archive.build("/in/yard/[0-9].mp4", name="yard")
    things = {
        name: odd(archive, f"{name.partition('-')[0]}/{name}", seed=number)
        for number, name in enumerate(("gate-lorry", "gate-thief", "yard-fox"), start=30)
    }
    ids = {
        name: first_event(archive, thing, profile=name.partition("-")[0])
        for name, thing in things.items()
    }
    learned = archive.feedback(
        {ids["yard-fox"]: "normal", ids["gate-lorry"]: "normal", ids["gate-thief"]: "anomaly"}
    )
    assert [item.profile.selector for item in learned] == ["gate@2", "yard@2"]
    assert [len(item.changes) for item in learned] == [2, 1], "each report of one video"
    gate, yard = (item.profile for item in learned)
    assert frames_that_count(archive, gate, things["gate-lorry"]) == 20
    assert frames_that_count(archive, gate, things["gate-thief"]) == 0
    assert frames_that_count(archive, yard, things["yard-fox"]) == 20
    assert [item.profile.regression.anomalies for item in learned] == [1, 1], (
        "an anomaly is one for all"
    )


def test_an_event_is_that_of_the_newest_report(archive: Archive) -> None:
    archive.build(NORMAL, name="old")
    thing = odd(archive, "gate/thing")
    old = first_event(archive, thing, profile="old")
    archive.build(NORMAL, name="new")
    assert first_event(archive, thing, profile="new") == old
    newest = max(archive.warehouse.folders_in("reports"))
    (learned,) = archive.feedback({old: "normal"})
    profile = read_report(archive.warehouse, newest).document["profile"]["name"]
    assert learned.profile.name == profile
    assert learned.changes[0].report_id == newest


def test_a_report_whose_footage_was_pruned_says_so(archive: Archive) -> None:
    first = archive.build(NORMAL)
    thing, other = odd(archive, "gate/thing"), odd(archive, "gate/other", seed=21)
    report = archive.score(thing.path, other.path)
    (event,) = events_of(report, thing.path)
    for shard in index_shards(archive.warehouse, ENCODER_ID)[thing.video_id]:
        archive.warehouse.remove(shard)
    (learned,) = archive.feedback({event["event_id"]: "normal"})
    (change,) = learned.changes
    assert (change.unknown, change.alarms, change.vanished) == (1, 1, ())
    assert learned.profile.selector == first.selector, "there is nothing left to learn from"
    (learned,) = archive.feedback({event["event_id"]: "anomaly"})
    assert learned.profile.regression.anomalies == 0


def test_a_camera_is_not_judged_by_a_stretch_that_was_called_normal(archive: Archive) -> None:
    archive.build("/in/gate/[0-9].mp4", by="camera")
    thing = odd(archive, "shed/thing")
    usual = archive.score("camera:shed").scores_of(thing.path)
    (learned,) = archive.feedback({first_event(archive, thing): "normal"})
    assert archive.in_use(learned.profile).scopes == ["all", "camera:gate"]
    report = archive.score(thing.path)
    assert report.document["videos"][0]["scope"] == "all"
    assert report.scores_of(thing.path)[:20].max() < 2 * usual[:20].max()
    assert events_of(report, thing.path) == []


def test_a_robust_profile_learns_what_was_called_normal(archive: Archive) -> None:
    archive.build(NORMAL, robust=True)
    lorry = odd(archive, "gate/lorry", height=30.0)
    (learned,) = archive.feedback({first_event(archive, lorry): "normal"})
    assert frames_that_count(archive, learned.profile, lorry) == 20
    assert learned.profile.standing_out == ()


def test_a_stretch_that_was_called_normal_does_not_hide_that_a_camera_has_moved(
    archive: Archive,
) -> None:
    archive.build(NORMAL)
    lorry = odd(archive, "gate/lorry", height=30.0)
    archive.feedback({first_event(archive, lorry): "normal"})
    for seed in range(3):
        archive.put(f"gate/moved{seed}", gaussian(50 + seed, mean=3.0))
    (drift,) = archive.score("/in/gate/moved*.mp4").document["drift"]
    assert drift["stale"]


def test_a_profile_of_nothing_but_anomalies_is_refused(archive: Archive) -> None:
    archive.build(NORMAL)
    thief = archive.put("shed/7", gaussian(9, mean=9.0))
    (event,) = events_of(archive.score(thief.path), thief.path)
    assert (event["frame_start"], event["frame_end"]) == (0, 80)
    archive.feedback({event["event_id"]: "anomaly"})
    before = files_in(archive.warehouse)
    with pytest.raises(NoNormalFootageError, match=r"every frame of these 1 .*nightjar feedback"):
        archive.build(thief.path)
    assert files_in(archive.warehouse) == before
    assert archive.build(thief.path, "/in/gate/0.mp4").videos == 1


def test_a_file_that_lies_twice_gives_frames_that_are_left_out_once(archive: Archive) -> None:
    thief = odd(archive, "gate/7")
    sighting = find_sighting(archive.warehouse, thief.path)
    assert sighting is not None
    record_sighting(archive.warehouse, replace(sighting, path="/in/copy/7.mp4"))
    archive.build("/in/[gy]*/[0-6].mp4")
    report = archive.score("/in/*/7.mp4")
    verdicts = {
        events_of(report, path)[0]["event_id"]: "anomaly" for path in (thief.path, "/in/copy/7.mp4")
    }
    archive.feedback(verdicts)
    built = archive.build(NORMAL)
    assert frames_that_count(archive, built, thief) == 60
    lineage = archive.content(built).lineage
    assert (len(verdicts), len(lineage.left_out), lineage.frames_left_out) == (2, 2, 20)


def test_an_undated_stretch_that_was_called_normal_counts_in_full(archive: Archive) -> None:
    archive.build(NORMAL, half_life_d=1.0)
    lorry = odd(archive, "gate/lorry")
    (learned,) = archive.feedback({first_event(archive, lorry): "normal"})
    content = archive.content(learned.profile)
    weights = dict(zip(content.video_ids, content.weights.tolist(), strict=True))
    assert weights[lorry.video_id] == 20.0
    assert sorted(weights.values())[:2] == [80 / 32, 80 / 16]


def test_nothing_is_written_where_alarms_could_not_be_compared(archive: Archive) -> None:
    archive.build(NORMAL)
    lorry = odd(archive, "gate/lorry")
    event_id = first_event(archive, lorry, distance="knn", threshold="quantile:1", merge_gap_s=1)
    archive.build(NORMAL, distances=("mse",))
    before = files_in(archive.warehouse)
    with pytest.raises(MissingStatisticsError, match=r"default@2 .*--distances knn"):
        archive.feedback({event_id: "normal"})
    assert files_in(archive.warehouse) == before


@pytest.mark.parametrize("distance", ["mahalanobis", "knn"])
def test_alarms_are_compared_by_what_the_report_went_by(archive: Archive, distance: str) -> None:
    archive.build(NORMAL)
    lorry = odd(archive, "gate/lorry")
    scoring: dict[str, Any] = {"distance": distance, "merge_gap_s": 1.0, "threshold": "quantile:1"}
    event_id = first_event(archive, lorry, **scoring)
    (learned,) = archive.feedback({event_id: "normal"})
    (change,) = learned.changes
    assert len(change.vanished) == change.alarms == 1
    assert events_of(archive.score(lorry.path, **scoring), lorry.path) == []


def test_versions_from_before_feedback_still_score_as_they_did(archive: Archive) -> None:
    archive.build(NORMAL)
    lorry = odd(archive, "gate/lorry")
    before = archive.score(lorry.path)
    archive.feedback({events_of(before, lorry.path)[0]["event_id"]: "normal"})
    again = archive.score(lorry.path, profile="default@1")
    assert events_of(again, lorry.path) == events_of(before, lorry.path)
    np.testing.assert_array_equal(again.scores_of(lorry.path), before.scores_of(lorry.path))
    assert read_content(archive.warehouse, ProfileRef("default", "1").place).frames.sum() == 480


WITHOUT_ENCODER = """
import sys
from pathlib import Path
from tests.tasks.embedded import Archive, gaussian
archive = Archive.at(Path(sys.argv[1]))
for seed in range(2):
    archive.put(f"gate/{seed}", gaussian(seed))
archive.put("gate/odd", gaussian(2, mean=9.0))
archive.build("/in/gate/[01].mp4", by="camera")
report = archive.score("/in/gate/odd.mp4", distance="mahalanobis").document
event = report["videos"][0]["events"][0]["event_id"]
assert archive.feedback({event: "normal"})[0].profile.version == "2"
assert archive.merge("default@1", "default@2", name="all").is_new
assert not {"torch", "transformers", "av", "decord"} & sys.modules.keys()
"""


def test_no_encoder_and_no_decoder_has_a_part_in_it(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", WITHOUT_ENCODER, str(tmp_path)], check=True, timeout=120)
