"""What a profile says of normal footage, against plain numpy on one row a frame."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import threadpoolctl

from storage.signs import write_signs
from tasks import in_order
from tasks.normality.distances import DISTANCES
from tasks.normality.nearest import NEIGHBOURS
from tasks.profile_building import sums_in
from tests.tasks.embedded import Archive, Seen, gaussian, sketches
from tests.tasks.normality.test_health import BAD, well, with_stretch

EXACT = [name for name, kind in DISTANCES.items() if kind.needs != "coreset"]

MEASURES = np.array([1, 1, 1, 1, 0.1, 0.1], dtype=np.float32)  # or pca would leave nothing over


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive.at(tmp_path)


def some_normal(archive: Archive, videos: int = 4, **known: bool) -> list[Seen]:
    """Put videos of two cameras, each of another length, the last frame by itself."""
    return [
        archive.put(
            f"{('gate', 'yard')[seed % 2]}/{seed}",
            gaussian(seed, 30 + 7 * seed, mean=0.1 * seed) * MEASURES,
            patches=sketches(seed, 30 + 7 * seed),
            frames=59 + 14 * seed,
            recorded_at=f"2026-03-01T07:59:58.{seed}+01:00",  # its end is of another hour
            parts=1 + seed % 2,
        )
        for seed in range(videos)
    ]


def stacked(videos: list[Seen]) -> npt.NDArray[np.float64]:
    return np.concatenate([video.by_frame for video in videos])


def test_the_mean_is_that_of_all_frames(archive: Archive) -> None:
    videos = some_normal(archive)
    built = archive.build()
    content = archive.content(built)
    frames = stacked(videos)
    assert (built.videos, built.frames) == (len(videos), len(frames))
    np.testing.assert_allclose(content.mean, frames.mean(axis=0), rtol=1e-12)
    by_id = {video.video_id: video for video in videos}
    assert content.video_ids == sorted(by_id)
    for number, video_id in enumerate(content.video_ids):
        own = by_id[video_id]
        assert (content.frames[number], content.cameras[number]) == (own.frames, own.camera)
        np.testing.assert_allclose(content.means[number], own.by_frame.mean(axis=0), rtol=1e-12)
    moments = sums_in(content.statistics, "all").moments
    np.testing.assert_allclose(moments.covariance, np.cov(frames.T, bias=True), rtol=1e-9)


def test_the_score_is_the_mean_squared_error(archive: Archive) -> None:
    videos = some_normal(archive)
    archive.build("camera:gate")
    report = archive.score("camera:yard", distance="diagonal")
    mean = stacked([video for video in videos if video.camera == "gate"]).mean(axis=0)
    for video in videos[1::2]:
        expected = np.square(video.by_frame - mean).mean(axis=1)
        np.testing.assert_allclose(report.scores_of(video.path), expected, rtol=1e-12)
        flagged = report.scores_of(video.path, "flagged")
        by_distance = report.scores_of(video.path, "diagonal")
        assert np.array_equal(flagged, by_distance > report.document["threshold"])


@pytest.mark.parametrize("by", ["all", "camera", "hour-of-day"])
def test_normal_footage_is_scored_by_a_profile_of_the_others(archive: Archive, by: str) -> None:
    videos = some_normal(archive)
    built = archive.build(by=by)
    for video in videos:
        others = archive.build(
            *(other.path for other in videos if other is not video), name="others", by=by
        )
        scopes = ["all", f"camera:{video.camera}"][: 1 + (by != "all")]
        for scope in scopes:
            known = archive.calibration(built, scope)[video.video_id].scores
            again = archive.scores(others, video, scope, [*DISTANCES]).scores
            assert known.keys() == DISTANCES.keys()
            for name in EXACT:
                np.testing.assert_allclose(known[name], again[name], rtol=1e-9, err_msg=name)
            # Of its own rows nothing is in the coreset, and no more is said: one of the others
            # alone is chosen otherwise.
            assert (known["knn"] > 0).all()


def test_no_row_of_its_own_is_near_a_row(archive: Archive) -> None:
    videos = some_normal(archive)
    built = archive.build(distances=("knn",))
    chosen = archive.content(built).coresets["all"]
    assert len(chosen.rows) == sum(len(video.rows) for video in videos), "few rows are all kept"
    for video in videos:
        others = chosen.rows[chosen.video_ids != video.video_id].astype(np.float64)
        squares = np.square(video.rows[:, np.newaxis] - others).mean(axis=2)
        expected = np.sort(squares, axis=1)[:, :NEIGHBOURS].mean(axis=1)
        known = archive.calibration(built, "all", "knn")[video.video_id].scores["knn"]
        np.testing.assert_allclose(known, expected, rtol=1e-9)


def test_a_video_alone_is_scored_against_itself(archive: Archive) -> None:
    (video, *_) = some_normal(archive)
    built = archive.build(video.path)
    known = archive.calibration(built)[video.video_id].scores
    again = archive.scores(built, video, "all", [*DISTANCES]).scores
    for name in DISTANCES:
        np.testing.assert_array_equal(known[name], again[name])


@pytest.mark.parametrize("width", [200, 768])
def test_the_number_of_threads_changes_no_byte(
    archive: Archive, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    for seed in range(3):
        rows, known = gaussian(seed, 150, width), sketches(seed, 150)
        archive.put(f"gate/{seed}", rows, patches=known, parts=3)
    built = []
    for threads in (1, 2):
        monkeypatch.setattr(in_order, "THREADS", 2 * threads - 1)
        with threadpoolctl.threadpool_limits(threads):
            built.append(archive.build(name=f"of-{threads}", distances=[*DISTANCES]))
    one, other = (archive.files(profile.ref) for profile in built)
    assert one == other


def test_unhealthy_stretches_do_not_count_unless_asked_for(archive: Archive) -> None:
    videos = [archive.put(f"gate/{seed}", gaussian(seed, 200)) for seed in range(2)]
    signs = with_stretch(well(16), 4, 12, **BAD["black"])  # a sample a second
    write_signs(archive.warehouse, videos[0].video_id, vars(signs))
    built = archive.build()
    (left_out,) = archive.content(built).lineage.left_out
    assert (left_out["video_id"], left_out["kind"]) == (videos[0].video_id, "black")
    assert (left_out["frame_start"], left_out["frame_end"]) == (100, 300)
    assert built.frames == 600
    counting = [np.delete(videos[0].by_frame, np.s_[100:300], axis=0), videos[1].by_frame]
    expected = np.concatenate(counting).mean(axis=0)
    np.testing.assert_allclose(archive.content(built).mean, expected, rtol=1e-12)
    kept = archive.build(keep_unhealthy=True)
    assert (kept.frames, archive.content(kept).lineage.left_out) == (800, ())
