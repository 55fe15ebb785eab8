"""Write shard_v1.parquet, which every later version must read. Run once; never run again.

python -m tests.data.make_shard_v1
"""

from pathlib import Path

import numpy as np

from storage.shards import ShardKey, ShardRows, write_shard
from storage.warehouse import Warehouse

HERE = Path(__file__).parent
VIDEO = "0123456789abcdef" * 2
KEY = ShardKey("videomae-t16u2s1-golden", "gate 7", VIDEO, 0)


def rows() -> ShardRows:
    """Return 13 tubelets of a video of 25 frames: its second clip is drawn back by 7 frames."""
    places = [(0, tubelet, 2 * tubelet, 2 * tubelet + 2) for tubelet in range(8)]
    places += [(1, tubelet, max(16, 9 + 2 * tubelet), 11 + 2 * tubelet) for tubelet in range(3, 8)]
    numbers = np.array(places, dtype=np.int64)
    # No random numbers: their generator may change. Among the values are the hard ones.
    values = (np.arange(13 * 8, dtype=np.float32).reshape(13, 8) - 50) / np.float32(7)
    values[0, :4] = np.array([-0.0, 1e-45, 3.4028235e38, 1 / 3], dtype=np.float32)
    return ShardRows(numbers, numbers[:, 2:] / 25, values)


if __name__ == "__main__":
    lineage = {
        "video_id": VIDEO, "camera": "gate 7", "frames": 25, "part": 0, "parts": 1, "clips": [0, 2],
        "encoder_id": KEY.encoder_id, "encoder": {"clip_frames": 16, "width": 8, "stride": 1},
    }  # fmt: skip
    warehouse = Warehouse.at(str(HERE / "golden"))
    write_shard(warehouse, KEY, rows(), lineage)
    Path(warehouse.uri(KEY.place)).rename(HERE / "shard_v1.parquet")
