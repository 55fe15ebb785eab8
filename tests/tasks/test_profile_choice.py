"""Which footage a profile is of, what of it counts, and what is said where it cannot be built."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from storage.profile_lineage import ProfileVideo
from storage.shards import index_shards
from storage.videos import VideoRecord, write_video
from tasks.normal_choice import choose_normal
from tasks.normal_footage import NormalVideo
from tasks.normality.errors import (
    IncompatibleProfileError,
    MissingStatisticsError,
    NoNormalFootageError,
)
from tasks.parameters import Period, ProfileOptions
from tasks.profiling import commit_profile
from tasks.video.errors import FootageNotFoundError
from tests.storage.samples import files_in
from tests.tasks.embedded import ENCODER_ID, Archive, Seen, gaussian, sketches

Numbers = npt.NDArray[Any]
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive.at(tmp_path)


def days_of(archive: Archive, days: int = 4, camera: str = "gate") -> list[Seen]:
    """Put a video a day, from noon on."""
    return [
        archive.put(
            f"{camera}/{day}",
            gaussian(day, 20 + day),
            recorded_at=(NOON + timedelta(days=day)).isoformat(),
        )
        for day in range(days)
    ]


def ids_of(*videos: Seen) -> list[str]:
    return sorted(video.video_id for video in videos)


def mean_of(*rows: Numbers) -> Numbers:
    mean: Numbers = np.concatenate(rows).mean(axis=0)
    return mean


@pytest.mark.parametrize("robust", [True, False])
def test_a_video_that_stands_out_is_named_and_left_out_if_asked_for(
    archive: Archive, robust: bool
) -> None:
    usual = days_of(archive, 6)
    party = archive.put("gate/party", gaussian(9, mean=20.0))
    built = archive.build(robust=robust)
    (found,) = built.standing_out
    assert (found["video_id"], found["camera"]) == (party.video_id, "gate")
    assert (found["left_out"], found["ratio"] > 3) == (robust, True)
    content = archive.content(built)
    counting = usual if robust else [*usual, party]
    assert content.video_ids == ids_of(*counting)
    expected = mean_of(*(video.by_frame for video in counting))
    np.testing.assert_allclose(content.mean, expected, rtol=1e-9, atol=1e-12)
    assert archive.calibration(built).keys() == {*content.video_ids}
    normal = archive.score(party.path).document["normal"]
    assert (normal["videos"], normal["standing_out"]) == (len(counting), [found])


def test_footage_counts_for_half_as_much_after_each_half_life(archive: Archive) -> None:
    videos = days_of(archive)
    content = archive.content(archive.build(half_life_d=2.0))
    weights = dict(zip(content.video_ids, content.weights, strict=True))
    frames = dict(zip(content.video_ids, content.frames, strict=True))
    shares = {video.video_id: 0.5 ** ((3 - day) / 2) for day, video in enumerate(videos)}
    for video in videos:
        assert frames[video.video_id] == video.frames
        assert weights[video.video_id] == pytest.approx(video.frames * shares[video.video_id])
    rows = np.concatenate([video.by_frame for video in videos])
    share = np.concatenate([np.full(v.frames, shares[v.video_id]) for v in videos])
    np.testing.assert_allclose(content.mean, np.average(rows, axis=0, weights=share), rtol=1e-9)


def test_a_half_life_needs_to_know_when_footage_was_recorded(archive: Archive) -> None:
    days_of(archive)
    archive.put("gate/undated", gaussian(9))
    before = files_in(archive.warehouse)
    with pytest.raises(NoNormalFootageError, match=r"of 1 of 5 normal .*--path-pattern"):
        archive.build(half_life_d=2.0)
    assert files_in(archive.warehouse) == before


def test_what_its_container_says_tells_when_a_video_was_recorded(archive: Archive) -> None:
    video = archive.put("gate/0", gaussian(0))
    facts = {"end_time_s": 3.2, "created_at": "2026-03-02T06:00:00+00:00"}
    write_video(archive.warehouse, VideoRecord(video.video_id, np.arange(80) / 25, facts))
    (known,) = archive.content(archive.build(half_life_d=1.0, by="hour-of-day")).lineage.footage
    assert known.recorded_at == "2026-03-02T06:00:00+00:00"
    assert choose(archive, since=NOON) == [video.video_id]
    with pytest.raises(FootageNotFoundError):
        choose(archive, until=NOON)


def test_of_a_video_that_is_normal_in_part_only_those_frames_count(archive: Archive) -> None:
    whole, partly = days_of(archive, 2)
    shards = index_shards(archive.warehouse, ENCODER_ID)
    known = (
        ProfileVideo(whole.video_id, "gate"),
        ProfileVideo(partly.video_id, "gate", None, ((3, 8), (20, 21))),
    )
    videos = [NormalVideo(video, tuple(shards[video.video_id])) for video in known]
    videos.sort(key=lambda video: video.video_id)
    built = commit_profile.fn(archive.place, "default", videos, ProfileOptions(), "build")
    content = archive.content(built)
    expected = mean_of(whole.by_frame, partly.by_frame[3:8], partly.by_frame[20:21])
    np.testing.assert_allclose(content.mean, expected, rtol=1e-9)
    assert (built.videos, built.frames) == (2, whole.frames + 6)
    rows = archive.calibration(built)[partly.video_id]
    assert rows.places.tolist() == [[2, 4, 1], [4, 6, 2], [6, 8, 2], [20, 22, 1]]


def choose(archive: Archive, *normal: str, **period: datetime) -> list[str]:
    chosen = choose_normal.fn(archive.place, normal, None, False, Period(**period))
    return [video.video_id for video in chosen]


def test_normal_footage_can_be_of_some_days(archive: Archive) -> None:
    videos = days_of(archive)
    assert choose(archive) == ids_of(*videos)
    second, fourth = NOON + timedelta(days=1), NOON + timedelta(days=3)
    assert choose(archive, since=second) == ids_of(*videos[1:])
    assert choose(archive, until=fourth) == ids_of(*videos[:3])
    assert choose(archive, since=second, until=fourth) == ids_of(*videos[1:3])
    assert choose(archive, "/in/gate/[01].mp4", since=second) == ids_of(videos[1])
    with pytest.raises(FootageNotFoundError, match=r"none of 4 .*since 2026-04-01.*another time"):
        choose(archive, since=datetime(2026, 4, 1, tzinfo=UTC))


def test_undated_footage_is_of_no_day(archive: Archive) -> None:
    (dated,) = days_of(archive, 1)
    archive.put("gate/undated", gaussian(9))
    assert choose(archive, since=NOON) == [dated.video_id]


def test_a_camera_a_day_or_a_video_can_be_taken_away(archive: Archive) -> None:
    gate, yard = days_of(archive), days_of(archive, camera="yard")
    archive.build()

    def left(*normal: str, **period: datetime) -> list[str]:
        built = archive.subtract("default", *normal, name="left", period=Period(**period))
        return list(archive.content(built).video_ids)

    assert left("camera:yard") == ids_of(*gate)
    assert left(gate[2].path) == ids_of(*gate[:2], gate[3], *yard)
    day = {"since": NOON + timedelta(days=1), "until": NOON + timedelta(days=2)}
    assert left(**day) == ids_of(gate[0], yard[0], *gate[2:], *yard[2:])
    assert left("camera:yard", **day) == ids_of(*gate, yard[0], *yard[2:])


def test_what_cannot_be_taken_away_is_said(archive: Archive) -> None:
    days_of(archive), days_of(archive, camera="yard")
    archive.build("camera:gate")
    before = files_in(archive.warehouse)
    with pytest.raises(NoNormalFootageError, match=r"none of these 4 .*nightjar profile show"):
        archive.subtract("default", "camera:yard", name="left")
    with pytest.raises(NoNormalFootageError, match=r"all 4 videos .*nightjar profile build"):
        archive.subtract("default", "camera:gate", "camera:yard", name="left")
    assert files_in(archive.warehouse) == before


def test_profiles_of_different_encoders_do_not_go_together(archive: Archive) -> None:
    days_of(archive)
    other = archive.with_encoder("videomae-t16u2s4-ba9876543210")
    other.put("yard/0", gaussian(0))
    archive.build("camera:gate")
    other.build("camera:yard", name="other")
    with pytest.raises(IncompatibleProfileError, match=f"{ENCODER_ID}, {other.encoder_id}"):
        archive.merge("default", "other", name="both")
    with pytest.raises(IncompatibleProfileError, match=f"{ENCODER_ID}.*{other.encoder_id}"):
        other.build("camera:yard", update=True)
    with pytest.raises(FootageNotFoundError, match=r"1 of 1 .*not embedded by"):
        archive.subtract("default", "camera:yard", name="left")


def test_footage_whose_embeddings_are_gone_is_named(archive: Archive) -> None:
    videos = days_of(archive)
    archive.build()
    (gone,) = index_shards(archive.warehouse, ENCODER_ID)[videos[0].video_id]
    archive.warehouse.remove(gone)
    with pytest.raises(FootageNotFoundError, match=f"1 of 4 .*{videos[0].video_id}.*again"):
        archive.merge("default", name="copy")
    with pytest.raises(FootageNotFoundError, match=f"1 of 4 .*{videos[0].path}.*nightjar embed"):
        archive.build()
    with pytest.raises(FootageNotFoundError, match=f"1 of 3 .*{videos[0].video_id}"):
        archive.subtract("default", videos[1].path, name="left")


def test_a_part_that_is_gone_is_not_passed_over(archive: Archive) -> None:
    video = archive.put("gate/0", gaussian(0), parts=2)
    archive.build()
    archive.warehouse.remove(index_shards(archive.warehouse, ENCODER_ID)[video.video_id][1])
    with pytest.raises(FootageNotFoundError, match=f"1 of 1 .*{video.video_id}.*again"):
        archive.merge("default", name="copy")


def test_a_distance_that_a_profile_was_not_built_for_is_refused(archive: Archive) -> None:
    videos = days_of(archive)
    archive.build(distances=("diagonal",))
    archive.score(videos[0].path, distance="diagonal")
    with pytest.raises(
        MissingStatisticsError, match=r"mse, diagonal, not for knn: .*--distances knn"
    ):
        archive.score(videos[0].path, distance="knn")
    with pytest.raises(MissingStatisticsError, match=r"--distances patch.*--patch-sketch"):
        archive.score(videos[0].path, distance="patch")
    assert len(archive.warehouse.folders_in("reports")) == 1


def test_a_distance_of_patches_is_refused_where_none_were_kept(archive: Archive) -> None:
    days_of(archive)
    assert "patch" not in archive.content(archive.build()).findings["distances"]
    with pytest.raises(MissingStatisticsError, match="--patch-sketch"):
        archive.build(distances=("patch",))
    archive.put("yard/0", gaussian(0), patches=sketches(0))
    assert "patch" in archive.content(archive.build("camera:yard")).findings["distances"]
