"""What the patch sketch costs in the warehouse, and what a distance over it gains, for several K.

    python -m benchmarks.patch_sketch --footage VIDEO… --json
    python -m benchmarks.patch_sketch --avenue ../shared/avenue --truth LABELS.json --json

Cost: bytes a row, and rows read a second with and without the sketch, of shards that hold what the
videomae-base shape with random weights makes of footage. Files lie in memory's cache: a slow disk
favours the small ones further.

Gain: frame AUROC of the CUHK Avenue test videos by small checkpoints of random weights, one a
seed, with statistics of the training videos: of the mean squared error and of the Mahalanobis
distance of the embeddings, and of the mean of the ten highest Mahalanobis distances that the
positions of a tubelet have. Nothing is smoothed. Videos that are abnormal throughout have no AUROC
of their own: the macro mean leaves them out, the micro one does not.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.metrics import roc_auc_score

from benchmarks.encoder_rate import random_checkpoint
from benchmarks.timing import wall_s
from storage.shard_reading import read_shard
from storage.shards import ShardKey, ShardRows, write_shard
from storage.warehouse import Warehouse
from tasks.encoder.checkpoint import Checkpoint
from tasks.encoder.seeded import save_seeded_checkpoint
from tasks.encoder.videomae import VideoEncoder, load_encoder
from tasks.video.assembly import assemble_clips, frames_needed
from tasks.video.clips import ClipPlan, Sampling
from tasks.video.decoding import FrameReader, VideoShape
from tasks.video.probing import probe_video

Numbers = npt.NDArray[np.float64]
SKETCHES = (0, 4, 8, 16, 32)
WIDEST = max(SKETCHES)
HIGHEST = 10  # positions of a tubelet that its score is the mean of
SHRINK = 0.05  # of the mean variance, put on the diagonal


@dataclass(frozen=True, slots=True, eq=False)
class Embedded:
    """What an encoder makes of a video.

    Attributes:
        embeddings: Shape (n, D), float32.
        sketches: By the widest sketch, shape (n, P, K), float16; a narrower one is its start.
        weights: Frames that each row speaks for, shape (n,).
    """

    embeddings: npt.NDArray[np.float32]
    sketches: npt.NDArray[np.float16]
    weights: npt.NDArray[np.int64]


def embed(encoder: VideoEncoder, footage: Path, stride: int, clips: int | None = None) -> Embedded:
    """Return what an encoder makes of the first clips of a video, or of all."""
    probe = probe_video(footage)
    shape = VideoShape(probe.num_frames, probe.width, probe.height, bool(probe.damage), probe.bits)
    geometry = encoder.geometry
    sampling = Sampling(geometry.clip_frames, geometry.tubelet_frames, stride)
    plan = ClipPlan(probe.num_frames, sampling)
    chosen = list(plan.clips(0, min(clips or len(plan), len(plan))))
    frames = FrameReader(footage, shape).read(frames_needed(plan, chosen))
    pictures = ((index, encoder.preprocess(frame)) for index, frame in frames)
    embeddings, sketches, weights = [], [], []
    for clip, held in assemble_clips(pictures, plan, chosen):
        encoded = encoder.encode_and_sketch([held], WIDEST)
        assert encoded.sketches is not None
        for tubelet, start, end in plan.tubelet_spans(clip):
            embeddings.append(encoded.embeddings[0, tubelet])
            sketches.append(encoded.sketches[0, tubelet])
            weights.append(end - start)
    return Embedded(np.stack(embeddings), np.stack(sketches), np.array(weights))


def measure_cost(encoder: VideoEncoder, videos: Iterable[Path], clips: int, rounds: int) -> Any:
    """Return the size of shards with sketches of several K, and how fast they are read."""
    embedded = [embed(encoder, video, 1, clips) for video in videos]
    embeddings = np.concatenate([video.embeddings for video in embedded])
    sketches = np.concatenate([video.sketches for video in embedded])
    height, patches = sketches.shape[:2]
    places = np.arange(height, dtype=np.int64)[:, np.newaxis] + np.array([0, 0, 0, 1])
    found: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        warehouse = Warehouse.at(folder)
        for numbers in SKETCHES:
            key = ShardKey(f"k{numbers}", "camera", "video", 0)
            kept = np.ascontiguousarray(sketches[:, :, :numbers]) if numbers else None
            rows = ShardRows(places, places[:, 2:] / 25, embeddings, kept)
            encoder_json = {"patches": patches, "patch_sketch": numbers}
            start = time.perf_counter()
            size = write_shard(warehouse, key, rows, {"parts": 1, "encoder": encoder_json})
            written_s = time.perf_counter() - start
            alone, both = (
                statistics.median(
                    wall_s(partial(read_shard, warehouse, key.place, patches=wanted))
                    for _ in range(rounds)
                )
                for wanted in (False, True)
            )
            raw = embeddings[0].nbytes + 2 * patches * numbers
            found[f"K={numbers}"] = {
                "raw_bytes_a_row": raw,
                "bytes_a_row": round(size / height),
                "read_embeddings_rows_s": round(height / alone),
                "read_all_rows_s": round(height / both),
                "read_all_mb_s": round(raw * height / both / 1e6),
                "write_mb_s": round(raw * height / written_s / 1e6),
            }
    return {"rows": height, "width": embeddings.shape[1], "patches": patches, "sketches": found}


def mahalanobis(rows: npt.NDArray[Any], normal: npt.NDArray[Any]) -> Numbers:
    """Return squared distances of rows (n, …, D) to normal ones (m, …, D), shape (n, …)."""
    mean = normal.mean(axis=0, dtype=np.float64)
    centred = np.moveaxis(normal - mean, 0, -2)  # (…, m, D)
    covariance = np.swapaxes(centred, -1, -2) @ centred / len(normal)
    variance = np.trace(covariance, axis1=-2, axis2=-1) / mean.shape[-1]
    ridge = SHRINK * variance[..., np.newaxis, np.newaxis] * np.eye(mean.shape[-1])
    off = np.moveaxis(rows - mean, 0, -2)
    distances: Numbers = (off @ np.linalg.inv(covariance + ridge) * off).sum(axis=-1)
    return np.moveaxis(distances, -1, 0)


def highest(distances: Numbers) -> Numbers:
    """Return the mean of the highest distances of each row's positions."""
    mean: Numbers = np.sort(distances, axis=1)[:, -HIGHEST:].mean(axis=1)
    return mean


def scores_of(normal: Sequence[Embedded], video: Embedded) -> dict[str, Numbers]:
    """Return the scores of a video's rows by each distance."""
    embeddings = np.concatenate([one.embeddings for one in normal])
    sketches = np.concatenate([one.sketches for one in normal])
    mean = embeddings.mean(axis=0, dtype=np.float64)
    scores = {
        "mse": np.square(video.embeddings - mean).mean(axis=1),
        "mahalanobis": mahalanobis(video.embeddings, embeddings),
    }
    for numbers in SKETCHES[1:]:
        distances = mahalanobis(video.sketches[:, :, :numbers], sketches[:, :, :numbers])
        scores[f"patches K={numbers}"] = highest(distances)
    return scores


def measure_gain(encoder: VideoEncoder, avenue: Path, truth: Path, stride: int) -> Any:
    """Return the frame AUROC of each distance, micro and macro."""
    clips = json.loads(truth.read_text())["clips"]
    normal = [embed(encoder, path, stride) for path in sorted((avenue / "training").iterdir())]
    labels, scores = [], []
    for path in sorted((avenue / "testing").iterdir()):
        video = embed(encoder, path, stride)
        label = np.zeros(int(video.weights.sum()), dtype=bool)
        if len(label) != clips[path.stem]["n_frames"]:
            raise ValueError(f"{path} has {len(label)} frames, its labels have others")
        for first, last in clips[path.stem]["anomalous_ranges"]:  # 1-based, inclusive
            label[first - 1 : last] = True
        labels.append(label)
        scores.append(
            {
                name: np.repeat(rows, video.weights)
                for name, rows in scores_of(normal, video).items()
            }
        )
    return {name: _auroc(labels, [video[name] for video in scores]) for name in scores[0]}


def _auroc(labels: Sequence[npt.NDArray[np.bool_]], scores: Sequence[Numbers]) -> dict[str, float]:
    """Return the AUROC of all frames, and the mean of the videos'."""
    micro = roc_auc_score(np.concatenate(labels), np.concatenate(scores))
    mixed = [pair for pair in zip(labels, scores, strict=True) if 0 < pair[0].mean() < 1]
    macro = statistics.mean(roc_auc_score(*pair) for pair in mixed)
    return {"micro": round(float(micro), 4), "macro": round(float(macro), 4)}


def checkpoints(options: argparse.Namespace, folder: Path) -> list[Checkpoint]:
    """Return the checkpoints asked for, or small ones, one a seed."""
    if options.models:
        return [Checkpoint(model) for model in options.models]
    shape = {"image_size": 224, "patch_size": 16, "num_hidden_layers": options.layers}
    saved = [save_seeded_checkpoint(folder / str(s), s, **shape) for s in range(options.seeds)]
    return [Checkpoint(str(one)) for one in saved]


def gains(options: argparse.Namespace, folder: Path) -> Any:
    """Return the AUROC by checkpoint, and the mean over them."""
    found = [
        measure_gain(load_encoder(one, "auto"), options.avenue, options.truth, options.stride)
        for one in checkpoints(options, folder)
    ]
    mean = {
        name: {kind: round(statistics.mean(one[name][kind] for one in found), 4) for kind in kinds}
        for name, kinds in found[0].items()
    }
    return {"stride": options.stride, "mean": mean, "each": found}


def main() -> None:
    """Print the measurement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, default=Path("../shared/videomae-base"))
    parser.add_argument("--footage", type=Path, nargs="+", default=[], help="to measure the cost")
    parser.add_argument("--clips", type=int, default=24, help="of each video")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--avenue", type=Path, help="to measure the gain: training/, testing/")
    parser.add_argument("--truth", type=Path, help="its labels")
    parser.add_argument("--stride", type=int, default=4)
    parser.add_argument("--layers", type=int, default=2)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--models", nargs="+", help="checkpoints in place of the small ones")
    parser.add_argument("--json", action="store_true", help="the only form there is")
    options = parser.parse_args()
    result = {}
    with tempfile.TemporaryDirectory() as folder:
        if options.footage:
            encoder = load_encoder(random_checkpoint(options.config, Path(folder)), "auto")
            result["cost"] = measure_cost(encoder, options.footage, options.clips, options.rounds)
        if options.avenue:
            result["gain"] = gains(options, Path(folder))
    sys.stdout.write(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
