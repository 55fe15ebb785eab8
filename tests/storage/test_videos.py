from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from storage.errors import CorruptShardError, NotStoredError
from storage.videos import VideoRecord, count_frames, has_video, read_video, write_video
from storage.warehouse import Warehouse
from tests.storage.samples import files_in, put

FACTS: dict[str, Any] = {
    "end_time_s": 0.5,
    "width": 1920,
    "height": 1080,
    "bits": 8,
    "damage": {'"quoted"\n\udcff': 3},
}
TIMES = [-0.0, 5e-324, 1 / 3, 0.1 + 0.2, 1e300]


def record(times_s: list[float], **facts: Any) -> VideoRecord:
    return VideoRecord("a" * 32, np.array(times_s, dtype=np.float64), {**FACTS, **facts})


@pytest.mark.parametrize("times_s", [TIMES, [7.0], []], ids=["several", "one", "none"])
def test_a_record_comes_back_as_it_was(warehouse: Warehouse, times_s: list[float]) -> None:
    written = record(times_s)
    write_video(warehouse, written)
    read = read_video(warehouse, written.video_id)
    assert (read.video_id, read.facts) == (written.video_id, FACTS)
    assert read.times_s.dtype == np.float64
    assert read.times_s.tobytes() == written.times_s.tobytes()
    assert read.num_frames == count_frames(warehouse, written.video_id) == len(times_s)


def test_the_same_record_gives_the_same_bytes(
    warehouse: Warehouse, other_warehouse: Warehouse
) -> None:
    for place in (warehouse, other_warehouse):
        write_video(place, record(TIMES))
    assert files_in(warehouse) == files_in(other_warehouse)


def test_a_record_replaces_the_one_before(warehouse: Warehouse) -> None:
    write_video(warehouse, record([0.0]))
    write_video(warehouse, record([0.0, 1.0], end_time_s=2.0))
    assert len(files_in(warehouse)) == 1
    assert read_video(warehouse, "a" * 32).edges_s().tolist() == [0.0, 1.0, 2.0]


def test_the_edges_are_each_frames_start_and_the_end() -> None:
    edges_s = record([0.0, 0.04, 0.12], end_time_s=0.16).edges_s()
    assert edges_s.tolist() == [0.0, 0.04, 0.12, 0.16]


def test_a_video_that_was_not_probed_is_named(warehouse: Warehouse) -> None:
    assert not has_video(warehouse, "b" * 32)
    for ask in (read_video, count_frames):
        with pytest.raises(NotStoredError, match="b" * 32):
            ask(warehouse, "b" * 32)
    write_video(warehouse, VideoRecord("b" * 32, np.zeros(1), FACTS))
    assert has_video(warehouse, "b" * 32)


@pytest.mark.parametrize("content", [b"", b"PAR1", b"nonsense" * 20])
def test_a_damaged_record_is_named(warehouse: Warehouse, content: bytes) -> None:
    write_video(warehouse, record(TIMES))
    put(warehouse, f"videos/{'a' * 32}.parquet", content)
    for ask in (read_video, count_frames):
        with pytest.raises(CorruptShardError, match=f"{'a' * 32}.parquet"):
            ask(warehouse, "a" * 32)


def test_a_record_of_another_schema_is_refused(warehouse: Warehouse) -> None:
    write_video(warehouse, record(TIMES))
    with warehouse.commit_file(f"videos/{'a' * 32}.parquet") as scratch:
        pq.write_table(pa.table({"time_s": pa.array([0], pa.int64())}), scratch)
    with pytest.raises(CorruptShardError, match="time_s"):
        read_video(warehouse, "a" * 32)
