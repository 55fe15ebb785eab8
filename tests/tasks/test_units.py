"""However work is cut, all of it is done once, in order, and few frames are read twice."""

from itertools import chain

from hypothesis import given
from hypothesis import strategies as st

from storage.footage import Sighting
from tasks.embedding import CLIPS_PER_TASK
from tasks.embedding_jobs import EmbeddingJob, parts_of
from tasks.encoder.identity import EncoderIdentity
from tasks.units import UNITS_A_WORKER, cut_for

IDENTITY = EncoderIdentity("x", {}, 16, 2, 1, patches=196, width=768, pixel_path="rgb24")
HOUR, DAY = 25 * 3600, 25 * 86_400


def job(name: int, frames: int, gone: frozenset[int] = frozenset()) -> EmbeddingJob:
    """Return the job of a video of so many frames, some parts of which are there."""
    parts = parts_of(IDENTITY, frames)
    missing = tuple(part for part in range(len(parts)) if part not in gone)
    clips = sum(len(parts.clips(part)) for part in missing)
    sighting = Sighting(f"/a/{name}.mp4", "a", f"{name:032x}", 1, 1)
    return EmbeddingJob((sighting,), frames, clips, missing)


def work_in(jobs: list[EmbeddingJob]) -> list[tuple[str, int]]:
    return [(job.video_id, part) for job in jobs for part in job.parts]


@given(
    st.lists(st.tuples(st.integers(1, 60_000), st.frozensets(st.integers(1, 7))), max_size=12),
    st.integers(1, 20),
)
def test_every_missing_part_is_in_one_unit_and_in_order(
    videos: list[tuple[int, frozenset[int]]], workers: int
) -> None:
    jobs = [job(name, frames, gone) for name, (frames, gone) in enumerate(videos)]
    pieces = list(chain.from_iterable(cut_for(workers, jobs, IDENTITY)))
    assert work_in(pieces) == work_in(jobs)
    assert sum(piece.clips for piece in pieces) == sum(job.clips for job in jobs)
    for piece in pieces:
        same = [other for other in pieces if other.video_id == piece.video_id]
        assert piece.shared == (len(same) > 1)


def test_one_long_file_spreads_and_is_cut_no_finer_than_keeps_all_at_work() -> None:
    assert [len(unit) for unit in cut_for(2, [job(0, DAY)], IDENTITY)] == [1] * 9
    assert len(cut_for(100, [job(0, DAY)], IDENTITY)) == 264, "a part is the least"


def test_a_night_of_many_files_cuts_none_of_them() -> None:
    units = cut_for(2, [job(name, HOUR) for name in range(40)], IDENTITY)
    assert len(units) == 40
    assert not any(piece.shared for unit in units for piece in unit)


def test_short_files_go_together_but_leave_no_worker_without() -> None:
    short = [job(name, 160) for name in range(200)]  # of 10 clips each
    assert max(len(unit) for unit in cut_for(1, short, IDENTITY)) <= CLIPS_PER_TASK // 10
    assert len(cut_for(10, short, IDENTITY)) >= 10 * UNITS_A_WORKER
