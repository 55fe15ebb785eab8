"""Bytes a row and read rates of the ways to keep embeddings in Parquet, on embeddings of footage.

    python -m benchmarks.shard_encoding --footage VIDEO… --json

The encoder has the shape of videomae-base and random weights, so the numbers compare ways to keep
embeddings; a trained encoder's may compress a little differently. Files lie in memory: a slow disk
favours the small ones further. Medians over interleaved rounds.
"""

from __future__ import annotations

import argparse
import io
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.encoder_rate import random_checkpoint
from storage.parquet import vectors
from tasks.encoder.videomae import VideoEncoder, load_encoder
from tasks.video.assembly import assemble_clips, frames_needed
from tasks.video.clips import ClipPlan, Sampling
from tasks.video.decoding import FrameReader, VideoShape
from tasks.video.probing import probe_video

ROWS = 4096  # of a part
SPLIT = {"use_dictionary": False, "use_byte_stream_split": True}
PLAIN = {"use_dictionary": False}
CANDIDATES: dict[str, dict[str, Any]] = {
    "dictionary, zstd": {"compression": "zstd"},
    "plain, none": {**PLAIN, "compression": "none"},
    "plain, lz4": {**PLAIN, "compression": "lz4"},
    "plain, zstd": {**PLAIN, "compression": "zstd"},
    "split, none": {**SPLIT, "compression": "none"},
    "split, lz4": {**SPLIT, "compression": "lz4"},
    "split, snappy": {**SPLIT, "compression": "snappy"},
    "split, zstd 1": {**SPLIT, "compression": "zstd", "compression_level": 1},
    "split, zstd 3": {**SPLIT, "compression": "zstd", "compression_level": 3},
    "split, zstd 9": {**SPLIT, "compression": "zstd", "compression_level": 9},
}


def embed(encoder: VideoEncoder, footage: Path, clips: int) -> npt.NDArray[np.float32]:
    """Return the embeddings of the first clips of a video, (n, D)."""
    probe = probe_video(footage)
    shape = VideoShape(probe.num_frames, probe.width, probe.height, bool(probe.damage), probe.bits)
    geometry = encoder.geometry
    plan = ClipPlan(probe.num_frames, Sampling(geometry.clip_frames, geometry.tubelet_frames))
    chosen = list(plan.clips(0, min(clips, len(plan))))
    frames = FrameReader(footage, shape).read(frames_needed(plan, chosen))
    pictures = ((index, encoder.preprocess(frame)) for index, frame in frames)
    encoded = [encoder.encode([held])[0] for _, held in assemble_clips(pictures, plan, chosen)]
    return np.concatenate(encoded)


def write(rows: npt.NDArray[Any], options: dict[str, Any]) -> bytes:
    """Return a Parquet file of embeddings, with a checksum on every page."""
    kind = pa.float16() if rows.dtype == np.float16 else pa.float32()
    sink = io.BytesIO()
    table = pa.table({"embedding": vectors(rows, kind)})
    pq.write_table(table, sink, write_page_checksum=True, **options)
    return sink.getvalue()


def read_seconds(file: bytes) -> float:
    """Return how long it takes to read a file and check its pages, on one core."""
    start = time.perf_counter()
    with pq.ParquetFile(pa.BufferReader(file), page_checksum_verification=True) as opened:
        opened.read(use_threads=False)
    return time.perf_counter() - start


def measure(rows: npt.NDArray[np.float32], rounds: int) -> dict[str, dict[str, float]]:
    """Return bytes a row, and the MB of float32 embeddings read and written a second."""
    kinds: dict[str, npt.NDArray[Any]] = {"float32": rows, "float16": rows.astype(np.float16)}
    ways = {f"{kind}, {name}": (kind, name) for kind in kinds for name in CANDIDATES}
    files: dict[str, bytes] = {}
    written: dict[str, list[float]] = {way: [] for way in ways}
    read: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(rounds):
        for way, (kind, name) in ways.items():
            start = time.perf_counter()
            files[way] = write(kinds[kind], CANDIDATES[name])
            written[way].append(time.perf_counter() - start)
            read[way].append(read_seconds(files[way]))
    megabytes = rows.nbytes / 1e6
    return {
        way: {
            "bytes_a_row": round(len(files[way]) / len(rows), 1),
            "read_mb_s": round(megabytes / statistics.median(read[way])),
            "write_mb_s": round(megabytes / statistics.median(written[way])),
        }
        for way in ways
    }


def main() -> None:
    """Print the measurement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, default=Path("../shared/videomae-base"))
    parser.add_argument("--footage", type=Path, nargs="+", required=True)
    parser.add_argument("--clips", type=int, default=60, help="of each video")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", action="store_true", help="the only form there is")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        encoder = load_encoder(random_checkpoint(options.config, Path(folder)), "auto")
    found = np.concatenate([embed(encoder, video, options.clips) for video in options.footage])
    rows = np.resize(found, (ROWS, found.shape[1])) if len(found) > ROWS else found
    result = {"rows": len(rows), "width": rows.shape[1], "ways": measure(rows, options.rounds)}
    sys.stdout.write(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
