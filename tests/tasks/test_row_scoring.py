from pathlib import Path

import pytest

from storage.errors import CorruptShardError
from storage.shard_reading import PIECE_ROWS
from storage.shards import index_shards
from tasks import in_order
from tasks.normality.distances import DISTANCES
from tasks.profiling import BuiltProfile
from tasks.recording import Recording
from tasks.row_scoring import ScoredRows, VideoToScore, score_rows
from tests.tasks.embedded import ENCODER_ID, Archive, Seen, gaussian, sketches

SEVEN = "2026-03-01T06:59:30+01:00"  # half a minute before another hour


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive.at(tmp_path)


def scored_in_parts(archive: Archive, parts: int) -> ScoredRows:
    """Score a video of some pieces against a profile by the hour, by all distances."""
    for seed in range(2):
        rows, patches = gaussian(seed, 60), sketches(seed, 60)
        archive.put(f"gate/{seed}", rows, patches=patches, recorded_at=SEVEN)
    height = 2 * PIECE_ROWS + 7
    rows, patches = gaussian(9, height), sketches(9, height)
    video = archive.put("gate/scored", rows, patches=patches, recorded_at=SEVEN, parts=parts)
    built = archive.build("/in/gate/0.mp4", "/in/gate/1.mp4", by="hour-of-day")
    return archive.scores(built, video, "camera:gate", [*DISTANCES])


def test_a_video_has_the_same_scores_in_how_many_parts_it_ever_lies(tmp_path: Path) -> None:
    whole, cut = (scored_in_parts(Archive.at(tmp_path / str(parts)), parts) for parts in (1, 5))
    assert whole.places.tobytes() == cut.places.tobytes()
    assert whole.times_s.tobytes() == cut.times_s.tobytes()
    assert whole.scores.keys() == cut.scores.keys() == DISTANCES.keys()
    for name, scores in whole.scores.items():
        assert scores.tobytes() == cut.scores[name].tobytes(), name


def to_score(archive: Archive, video: Seen) -> VideoToScore:
    shards = index_shards(archive.warehouse, ENCODER_ID)[video.video_id]
    return VideoToScore(shards, "all", Recording.at(video.recorded_at))


def build(archive: Archive) -> tuple[list[Seen], BuiltProfile]:
    videos = [
        archive.put(f"gate/{seed}", gaussian(seed, 20 + seed), parts=1 + seed % 3)
        for seed in range(12)
    ]
    return videos, archive.build()


def test_many_videos_are_scored_in_their_order(archive: Archive) -> None:
    videos, built = build(archive)
    profile = archive.in_use(built)
    twice = [to_score(archive, video) for video in (*videos, videos[-1])]
    found = list(score_rows(archive.warehouse, profile, twice))
    assert len(found) == len(twice)
    for video, rows in zip((*videos, videos[-1]), found, strict=True):
        alone = archive.scores(built, video, "all", ["mse"])
        assert rows.scores["mse"].tobytes() == alone.scores["mse"].tobytes()
        assert rows.mean.tobytes() == alone.mean.tobytes()
        assert rows.mean == pytest.approx(video.by_frame.mean(axis=0), rel=1e-12)


def test_the_number_of_threads_changes_no_byte_of_a_report(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(archive)
    scores, documents = [], []
    for threads in (1, 3):
        monkeypatch.setattr(in_order, "THREADS", threads)
        report = archive.score()
        place = f"{report.place}/frame_scores.parquet"
        scores.append(archive.warehouse.read_bytes(place))
        named = ("report_id", "created_at")
        documents.append({key: said for key, said in report.document.items() if key not in named})
    assert scores[0] == scores[1]
    assert documents[0] == documents[1]


def test_a_part_that_is_missing_in_between_is_named(archive: Archive) -> None:
    videos, built = build(archive)
    shards = to_score(archive, videos[2]).shards
    for left in ([0, 2], [1, 2]):
        video = VideoToScore([shards[part] for part in left], "all", Recording.at(None))
        with pytest.raises(CorruptShardError, match=r"part-0000[12].*leaves out frames"):
            list(score_rows(archive.warehouse, archive.in_use(built), [video]))
