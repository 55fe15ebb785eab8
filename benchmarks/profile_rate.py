"""How near profiles and scores come to plainly reading embeddings, and co-moments to a product.

    python -m benchmarks.profile_rate --json                  # ends in a few minutes
    python -m benchmarks.profile_rate --rows 2000000 --json   # 5 GB below --folder

The shards are the product's own (one row a tubelet of two frames, pages with checksums, no patch
sketch), of random embeddings that vary mostly in few directions; writing them is left out. Reading
is of the embeddings' column chunks with pyarrow and nothing else, in several ways on all cores; the
fastest one counts, by the medians of interleaved rounds. It checks no page, which is pyarrow's
default; ours check all. Reading one file after the other, checked, stands beside it. Flows run on
Prefect's embedded server. All of it lies in the page
cache where that is large enough.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from benchmarks.looking import looked_at
from benchmarks.made_embeddings import PART_ROWS, MadeVideos, encoder_id
from flows.build_profile import build_profile
from flows.command_line.server import embedded_server
from flows.score_footage import score_footage
from storage.footage import all_sightings
from storage.profile_lineage import ProfileVideo
from storage.shards import index_shards
from storage.warehouse import Warehouse
from tasks.normal_footage import NormalFootage, NormalVideo
from tasks.normality.moments import Moments
from tasks.parameters import ProfileOptions
from tasks.profile_building import NormalSums, Plan

VIDEO_ROWS, CAMERAS = 3 * PART_ROWS, 8
CORES = len(os.sched_getaffinity(0))
MSE = ProfileOptions(distances=("mse",), keep_unhealthy=True)
FULL = ("mse", "mahalanobis")


def write_videos(made: MadeVideos, rows: int) -> int:
    """Write videos of several cameras with so many rows, and return how many there are."""
    heights = [min(VIDEO_ROWS, rows - start) for start in range(0, rows, VIDEO_ROWS)]
    cameras = [f"camera-{number % CAMERAS}" for number in range(len(heights))]
    with ThreadPoolExecutor(CORES) as threads:
        list(threads.map(made.write, range(len(heights)), heights, cameras))
    return len(heights)


def read_files(paths: Sequence[str]) -> None:
    """Read each file's column, as many files at once as there are cores."""
    with ThreadPoolExecutor(CORES) as threads:
        for _ in threads.map(_read_file, paths):
            pass


def _read_file(path: str) -> None:
    pq.read_table(path, columns=["embedding"])


def read_batches(paths: Sequence[str]) -> None:
    """Read each file's column a thousand rows at a time, as many files at once as cores."""
    with ThreadPoolExecutor(CORES) as threads:
        for _ in threads.map(_read_batches, paths):
            pass


def _read_batches(path: str) -> None:
    with pq.ParquetFile(path) as file:
        for _ in file.iter_batches(1024, columns=["embedding"], use_threads=False):
            pass


def read_dataset(paths: Sequence[str]) -> None:
    """Read the column of all files as one dataset, on all cores."""
    for _ in ds.dataset(list(paths)).to_batches(columns=["embedding"]):
        pass


def read_one_by_one(paths: Sequence[str]) -> None:
    """Read one file's column after the other and check its pages, as the product once did."""
    for path in paths:
        with pq.ParquetFile(path, pre_buffer=True, page_checksum_verification=True) as file:
            file.read(columns=["embedding"])


READING = {
    "read files": read_files,
    "read batches": read_batches,
    "read dataset": read_dataset,
}
CHECKED, CO_MOMENTS = "read one by one, checked", "sums with co-moments"


@dataclass(frozen=True)
class Bench:
    """A warehouse, and what is done with it.

    Attributes:
        place: The warehouse.
        videos: Its videos, as a profile is built from them.
        normal: Selectors of its footage.
    """

    place: str
    videos: Sequence[NormalVideo]
    normal: list[str]

    @classmethod
    def of(cls, made: MadeVideos) -> Bench:
        """Return the bench of all footage of a warehouse."""
        index = index_shards(made.warehouse, encoder_id(made.stride))
        seen = sorted(all_sightings(made.warehouse), key=lambda sighting: sighting.video_id)
        videos = [
            NormalVideo(ProfileVideo(item.video_id, item.camera), tuple(index[item.video_id]))
            for item in seen
        ]
        return cls(made.warehouse.root, videos, sorted({f"camera:{item.camera}" for item in seen}))

    @property
    def paths(self) -> list[str]:
        """The files of the shards."""
        warehouse = Warehouse.at(self.place)
        return [warehouse.uri(shard) for video in self.videos for shard in video.shards]

    def sum_up(self, distances: Sequence[str]) -> None:
        """Sum up all footage for some distances."""
        footage = NormalFootage.of(Warehouse.at(self.place), self.videos, keep_unhealthy=True)
        weights = dict.fromkeys((video.video_id for video in self.videos), 1.0)
        NormalSums.of(Plan(footage, weights, distances, "all"))

    def build_flow(self) -> None:
        """Build a profile by the flow."""
        build_profile(self.normal, _new_name(), self.place, options=MSE)

    def score_flow(self) -> None:
        """Score all footage by the flow."""
        score_footage("first", [], self.place)

    def works(self) -> dict[str, Callable[[], None]]:
        """Return what is measured, by name."""
        return {
            **{name: partial(read, self.paths) for name, read in READING.items()},
            CHECKED: partial(read_one_by_one, self.paths),
            "sums": partial(self.sum_up, ("mse",)),
            "build flow": self.build_flow,
            "score flow": self.score_flow,
            CO_MOMENTS: partial(self.sum_up, FULL),
        }


def _new_name() -> str:
    """Return a name that no profile has: else the newest version would say the same."""
    return f"speed-{time.monotonic_ns()}"


@dataclass(frozen=True)
class Cost:
    """What something has taken: seconds, the processors' seconds, and the most memory held."""

    seconds: float
    processor_s: float
    peak_mib: float


def measured(work: Callable[[], object]) -> Cost:
    """Return what a piece of work takes."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak starts anew
    start, processor = time.perf_counter(), time.process_time()
    work()
    seconds, processor_s = time.perf_counter() - start, time.process_time() - processor
    status = Path("/proc/self/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return Cost(seconds, processor_s, int(line.split()[1]) / 1024)


def rates_against_reading(bench: Bench, rows: int, rounds: int) -> dict[str, Any]:
    """Return what each piece of work takes, and its rate against the fastest way of reading."""
    found: dict[str, list[Cost]] = {name: [] for name in bench.works()}
    for round_ in range(rounds):
        for name, work in bench.works().items():
            if not (round_ and name == CO_MOMENTS):  # the longest, and not held against reading
                found[name].append(measured(work))
    seconds = {
        name: statistics.median(cost.seconds for cost in costs) for name, costs in found.items()
    }
    fastest = min(READING, key=lambda name: seconds[name])
    return {
        "fastest_reading": fastest,
        "rates": {
            name: {
                "rate_against_reading": round(seconds[fastest] / seconds[name], 3),
                "against_one_by_one": round(seconds[CHECKED] / seconds[name], 3),
                "seconds": round(seconds[name], 2),
                "us_a_row": round(1e6 * seconds[name] / rows, 2),
                "processor_us_a_row": round(
                    1e6 * statistics.median(cost.processor_s for cost in costs) / rows, 2
                ),
                "peak_mib": round(max(cost.peak_mib for cost in costs)),
            }
            for name, costs in found.items()
        },
    }


def co_moments_against_product(rows: int, width: int, rounds: int) -> dict[str, Any]:
    """Return the GFLOP/s of co-moments of rows in memory, and of a matrix product as large.

    Both are counted as the product is: 2 n D D for n rows of D numbers.
    """
    random = np.random.default_rng(0)
    embeddings = random.standard_normal((rows, width), dtype=np.float32)
    weights = np.full(rows, 2)
    left, right = embeddings.T.astype(np.float64), embeddings.astype(np.float64)
    works: dict[str, Callable[[], object]] = {
        "product": lambda: left @ right,
        "co-moments": lambda: Moments.of(embeddings, weights, full=True),
    }
    found: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            found[name].append(measured(work).seconds)
    flops = 2 * rows * width**2
    rates = {name: flops / statistics.median(seconds) / 1e9 for name, seconds in found.items()}
    return {
        "rows": rows,
        "gflop_s": {name: round(rate, 1) for name, rate in rates.items()},
        "rate_against_product": round(rates["co-moments"] / rates["product"], 3),
    }


def measure(place: str, options: argparse.Namespace) -> dict[str, Any]:
    """Write the footage and measure everything."""
    made = MadeVideos(Warehouse.at(place), options.width, stride=1)
    videos = write_videos(made, options.rows)
    bench = Bench.of(made)
    build_profile(bench.normal, "first", place, options=MSE)  # loads what is loaded once
    bench.score_flow()
    product = co_moments_against_product(PART_ROWS, options.width, 5 * options.rounds)
    found = rates_against_reading(bench, options.rows, options.rounds)
    flops = 2 * options.width**2 * options.rows
    product["gflop_s"]["co-moments, read as well"] = round(
        flops / found["rates"][CO_MOMENTS]["seconds"] / 1e9, 1
    )
    return {
        "rows": options.rows,
        "width": options.width,
        "videos": videos,
        "cores": CORES,
        **found,
        "co_moments": product,
        "where": {
            "build flow": looked_at(bench.build_flow),
            "score flow": looked_at(bench.score_flow),
        },
        "load_at_end": os.getloadavg()[0],
    }


def main() -> None:
    """Print the measurement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=150_000)
    parser.add_argument("--width", type=int, default=768, help="D")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where there is room; a temporary one's parent")
    parser.add_argument("--json", action="store_true", help="the only form there is")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as place, embedded_server():
        result = measure(place, options)
    sys.stdout.write(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
