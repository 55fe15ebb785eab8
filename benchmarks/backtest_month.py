"""What a backtest of a month of one camera takes, and how near to plain reading scoring comes.

    python -m benchmarks.backtest_month --json

A month at 25 frames a second and stride 4 is 8.1 million rows, 20 GB of shards. Fewer are written
(--rows), as hour-long videos of random embeddings; seconds for the month are scaled from the longer
of two lengths. Every backtest runs in a process of its own, which tells its own peak of memory.
Rates are against reading the embeddings with pyarrow alone, pages checked as ours are: medians of
interleaved rounds, by the clock and by the processor's time (a busy machine tells on the former).
All of it lies in the page cache where that is large enough.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from benchmarks.made_embeddings import FPS, MadeVideos, encoder_id
from storage.calibration import CalibrationRows, CalibrationWriter, read_calibration_file
from storage.footage import all_sightings
from storage.profile_lineage import ProfileVideo
from storage.profiles import find_profile
from storage.shards import index_shards
from storage.warehouse import Warehouse
from tasks.backtesting import try_profile
from tasks.normal_footage import NormalFootage, NormalVideo
from tasks.normality.events import MERGED
from tasks.normality.recurrence import Recurrence
from tasks.normality.scopes import ALL
from tasks.normality.thresholds import ThresholdRule
from tasks.parameters import ProfileOptions, Scoring
from tasks.profile_building import NormalSums, Plan
from tasks.profile_use import ProfileInUse, calibration_of
from tasks.profiling import commit_profile
from tasks.recording import Recording
from tasks.row_scoring import VideoToScore, score_rows

STRIDE = 4
FRAMES_A_ROW = 2 * STRIDE
ENCODER_ID = encoder_id(STRIDE)
HOUR_ROWS = 3600 * FPS // FRAMES_A_ROW
MONTH_ROWS = 30 * 24 * HOUR_ROWS
THRESHOLDS = ("quantile:0.99", "quantile:0.999", "budget:10/day", "budget:1/day", "budget:0.1/day")
ONE, ALL_DISTANCES = ("mse",), ("mse", "diagonal", "mahalanobis", "pca", "knn")
VARIANCE = ("mse", "diagonal")
EVER = Recording.at(None)


def normal_videos(warehouse: Warehouse, videos: Sequence[str]) -> list[NormalVideo]:
    """Return videos as a profile is built from them."""
    index = index_shards(warehouse, ENCODER_ID)
    return [NormalVideo(ProfileVideo(video, "gate"), tuple(index[video])) for video in videos]


def backtest(place: str, videos: int, distances: Sequence[str]) -> None:
    """Backtest the first videos."""
    warehouse = Warehouse.at(place)
    footage = list(all_sightings(warehouse))[:videos]
    ref = find_profile(warehouse, "month")
    try_profile.fn(place, ref, footage, distances, THRESHOLDS, Scoring(distance="mse"))


def read_alone(place: str, videos: int) -> None:
    """Read the embeddings of the first videos with pyarrow alone."""
    warehouse = Warehouse.at(place)
    for _, shards in sorted(index_shards(warehouse, ENCODER_ID).items())[:videos]:
        for shard in shards:
            path = warehouse.uri(shard)
            with pq.ParquetFile(path, pre_buffer=True, page_checksum_verification=True) as file:
                file.read(columns=["embedding"])


def score_alone(place: str, videos: int) -> None:
    """Score the first videos by the mission's distance."""
    warehouse = Warehouse.at(place)
    profile = ProfileInUse.of(warehouse, find_profile(warehouse, "month"), ONE)
    found = sorted(index_shards(warehouse, ENCODER_ID).items())[:videos]
    to_score = (VideoToScore(shards, ALL, EVER) for _, shards in found)
    for _ in score_rows(warehouse, profile, to_score):
        pass


def sum_alone(place: str, videos: int) -> None:
    """Sum up mean and variance of the first videos."""
    warehouse = Warehouse.at(place)
    chosen = sorted(index_shards(warehouse, ENCODER_ID))[:videos]
    footage = NormalFootage.of(warehouse, normal_videos(warehouse, chosen), keep_unhealthy=True)
    NormalSums.of(Plan(footage, dict.fromkeys(chosen, 1.0), VARIANCE, "all"))


def build(place: str, videos: int) -> None:
    """Build a profile of mean and variance of the first videos, calibration included."""
    warehouse = Warehouse.at(place)
    chosen = sorted(index_shards(warehouse, ENCODER_ID))[:videos]
    options = ProfileOptions(distances=VARIANCE, keep_unhealthy=True)
    name = f"speed-{time.monotonic_ns()}"  # else the newest version says the same
    commit_profile.fn(place, name, normal_videos(warehouse, chosen), options, "build")


def in_process(run: Callable[..., None], *arguments: Any) -> dict[str, float]:
    """Run something in a process of its own; return its seconds and its peak of memory."""
    context = multiprocessing.get_context("spawn")
    queue = context.SimpleQueue()
    process = context.Process(target=_measured, args=(queue, run, arguments))
    process.start()
    process.join()
    if process.exitcode:
        raise RuntimeError(f"{run.__name__} has ended with {process.exitcode}")
    found: dict[str, float] = queue.get()
    return found


def _measured(queue: Any, run: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    """Tell how long something takes, and the most memory held before and at its end."""
    before, start, processor = _peak_mib(), time.perf_counter(), time.process_time()
    run(*arguments)
    queue.put(
        {
            "seconds": round(time.perf_counter() - start, 2),
            "processor_s": round(time.process_time() - processor, 2),
            "before_mib": before,
            "peak_mib": _peak_mib(),
        }
    )


def _peak_mib() -> float:
    """Return the most memory that this process has held since it began."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return round(int(line.split()[1]) / 1024, 1)


def measure_backtests(place: str, hours: int, distances: Sequence[str]) -> dict[str, Any]:
    """Return what a backtest of all hours and of a quarter of them takes."""
    short, long = max(hours // 4, 1), hours
    found = {videos: in_process(backtest, place, videos, distances) for videos in (short, long)}
    scale = MONTH_ROWS / (long * HOUR_ROWS) / 60
    return {
        "distances": distances,
        "rows": {videos * HOUR_ROWS: result for videos, result in found.items()},
        "minutes_a_month": round(found[long]["seconds"] * scale, 1),
        "processor_minutes_a_month": round(found[long]["processor_s"] * scale, 1),
    }


def measure_rates(place: str, hours: int, rounds: int) -> dict[str, Any]:
    """Return seconds of reading and of all that reads, and their rates against reading."""
    cases = {"read": read_alone, "score mse": score_alone, "sums": sum_alone, "build": build}
    clocks = {"wall": time.perf_counter, "processor": time.process_time}
    seconds: dict[tuple[str, str], list[float]] = {
        (name, clock): [] for name in cases for clock in clocks
    }
    for _ in range(rounds):
        for name, run in cases.items():
            starts = {clock: now() for clock, now in clocks.items()}
            run(place, hours)
            for clock, now in clocks.items():
                seconds[name, clock].append(now() - starts[clock])
    medians = {key: statistics.median(found) for key, found in seconds.items()}
    return {
        name: {
            clock: {
                "us_a_row": round(1e6 * medians[name, clock] / hours / HOUR_ROWS, 2),
                "rate_against_reading": round(medians["read", clock] / medians[name, clock], 2),
            }
            for clock in clocks
        }
        for name in cases
    }


def write_calibration(path: Path, rows: int) -> None:
    """Write scores of normal footage, hour by hour."""
    starts = np.arange(HOUR_ROWS) * FRAMES_A_ROW
    places = np.stack([starts, starts + FRAMES_A_ROW, np.full(HOUR_ROWS, FRAMES_A_ROW)], axis=1)
    random = np.random.default_rng(0)
    with CalibrationWriter.to(path) as writer:
        for video in range(rows // HOUR_ROWS):
            scores = {"mse": random.exponential(size=HOUR_ROWS)}
            writer.write(ALL, video, CalibrationRows(places, places[:, :2] / FPS, scores))


def resolve(path: str) -> None:
    """Read the scores of normal footage and say where the thresholds lie."""
    rows = read_calibration_file(Path(path), ALL, ONE)
    normal = calibration_of((item for _, item in rows), "mse")
    recurrence = Recurrence(normal, MERGED)
    for rule in map(ThresholdRule.parse, THRESHOLDS):
        rule.calibrate(recurrence)


def measure_calibration(folder: str) -> dict[int, dict[str, float]]:
    """Return what the thresholds of a month of normal scores take, and of a quarter of it."""
    found: dict[int, dict[str, float]] = {}
    for rows in (MONTH_ROWS // 4, MONTH_ROWS):
        path = Path(folder) / f"{rows}.parquet"
        write_calibration(path, rows)
        found[rows] = in_process(resolve, str(path))
        path.unlink()
    return found


def measure(place: str, options: argparse.Namespace) -> dict[str, Any]:
    """Write the footage and measure everything."""
    hours = max(options.rows // HOUR_ROWS, 8)
    made = MadeVideos(Warehouse.at(place), options.width, STRIDE)
    videos = [made.write(number, HOUR_ROWS, "gate") for number in range(hours)]
    normal = normal_videos(made.warehouse, videos[:4])
    settings = ProfileOptions(distances=ALL_DISTANCES, keep_unhealthy=True)
    commit_profile.fn(place, "month", normal, settings, "build")
    few = max(options.all_rows // HOUR_ROWS, 4)
    return {
        "width": options.width,
        "month_rows": MONTH_ROWS,
        "rates": measure_rates(place, few, options.rounds),
        "backtests": [
            measure_backtests(place, hours, ONE),
            measure_backtests(place, few, ALL_DISTANCES),
        ],
        "thresholds": measure_calibration(place),
    }


def main() -> None:
    """Print the measurements."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=540_000, help="backtested by mse")
    parser.add_argument("--all-rows", type=int, default=135_000, help="by all distances")
    parser.add_argument("--width", type=int, default=768, help="D")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", type=Path, help="where there is room; a temporary one's parent")
    parser.add_argument("--json", action="store_true", help="the only form there is")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        result = measure(folder, options)
    sys.stdout.write(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
