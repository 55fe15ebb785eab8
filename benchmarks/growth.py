"""How the cost of footage grows with its hours, its files and its cameras.

    python -m benchmarks.growth --json
    python -m benchmarks.growth --hours 1 10 --videos 1 10 --cameras 1 5 --json
    python -m benchmarks.growth --plot docs/growth.png --json          # needs matplotlib

Hours are simulated: files of an hour each (25 frames a second, stride 4, D = 64) whose shards are
written without an encoder; of them a profile is built (mse, with its thresholds), and all are
scored.
Files are real, of one clip each, so that what each costs beside its frames is all that it costs:
they are extracted, embedded by a small seeded checkpoint, profiled and scored. The cameras share as
many such files.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import av
import numpy as np

from benchmarks.made_embeddings import FPS, MadeVideos
from benchmarks.timing import wall_s
from flows.build_profile import build_profile
from flows.command_line.server import embedded_server
from flows.embed_clips import embed_clips
from flows.extract_clips import extract_clips
from flows.score_footage import score_footage
from storage.warehouse import Warehouse
from tasks.encoder.seeded import save_seeded_checkpoint
from tasks.parameters import Archive, Encoding, ProfileOptions

WIDTH, STRIDE = 64, 4
HOUR_ROWS = 3600 * FPS // (2 * STRIDE)
FRAMES, SIZE = 16, 64
SETTLED = Archive(settle_s=0)
PROFILE = "all"
STEPS = ("extract_clips", "embed_clips", "build_profile", "score_footage")
MSE = ProfileOptions(distances=("mse",), keep_unhealthy=True)


def of_hours(counts: Sequence[int], folder: Path) -> list[dict[str, float]]:
    """Return what each number of hours takes to profile and to score, in seconds an hour."""
    made, rows, there = MadeVideos(Warehouse.at(str(folder)), WIDTH, STRIDE), [], 0
    for hours in counts:
        for number in range(there, hours):
            made.write(number, HOUR_ROWS, "gate")
        there = hours
        place, name = str(folder), f"of-{hours}"
        took = {
            "build_profile": wall_s(partial(build_profile, ["/in/gate"], name, place, options=MSE)),
            "score_footage": wall_s(partial(score_footage, name, [], place)),
        }
        rows.append({"hours": hours, **{step: took[step] / hours for step in took}})
        tell("hours", rows)
    return rows


def write_clips(folder: Path, number: int, cameras: int) -> None:
    """Write files of one clip each, of other noise in each, spread over cameras."""
    for index in range(number):
        camera = folder / f"camera-{index % cameras:04}"
        camera.mkdir(parents=True, exist_ok=True)
        noise = np.random.default_rng(index).integers(0, 255, (FRAMES, SIZE, SIZE, 3), np.uint8)
        with av.open(str(camera / f"{index:06}.avi"), "w") as container:
            stream = container.add_stream("mpeg4", rate=FPS)
            stream.width, stream.height, stream.pix_fmt = SIZE, SIZE, "yuv420p"
            for pixels in noise:
                container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
            container.mux(stream.encode(None))


def of_files(counts: Sequence[tuple[int, int]], model: str, folder: Path) -> list[dict[str, float]]:
    """Return what each number of (files, cameras) takes, in seconds a file."""
    rows = []
    for videos, cameras in counts:
        footage, place = folder / f"{videos}-{cameras}", str(folder / f"{videos}-{cameras}-kept")
        write_clips(footage, videos, cameras)
        asked, encoding = [str(footage)], Encoding(model=model)
        took = {
            "extract_clips": wall_s(partial(extract_clips, asked, place, encoding, SETTLED)),
            "embed_clips": wall_s(partial(embed_clips, place, encoding, asked)),
            "build_profile": wall_s(partial(build_profile, asked, PROFILE, place, encoding)),
            "score_footage": wall_s(partial(score_footage, PROFILE, asked, place)),
        }
        rows.append(
            {"videos": videos, "cameras": cameras, **{step: took[step] / videos for step in took}}
        )
        tell("files", rows)
    return rows


def tell(axis: str, rows: Sequence[dict[str, float]]) -> None:
    """Say how far the measurement is."""
    sys.stderr.write(f"{axis}: {json.dumps(rows[-1])}\n")


def draw(found: dict[str, list[dict[str, float]]], path: Path) -> None:
    """Draw the measurement: one picture, an axis of growth each."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    panels = (("hours", "s an hour of footage", 1), ("videos", "ms a file", 1000),
              ("cameras", "ms a file", 1000))  # fmt: skip
    figure, axes = plt.subplots(1, len(panels), figsize=(12, 3.8), layout="constrained")
    for place, (axis, unit, scale) in zip(axes, panels, strict=True):
        rows = found[axis]
        for number, step in enumerate(STEPS):
            if step in rows[0]:
                counts, costs = zip(*((row[axis], row[step] * scale) for row in rows), strict=True)
                place.plot(counts, costs, "o-", color=f"C{number}", label=step)
        place.set(xscale="log", yscale="log", xlabel=axis, ylabel=unit)
        low, high = np.log10(place.get_ylim())
        place.set_ylim(10 ** np.floor(low), 10 ** np.ceil(high))
        for side in (place.xaxis, place.yaxis):
            side.set_major_formatter("{x:,g}")
        place.grid(alpha=0.3)
    figure.legend(*axes[1].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    figure.savefig(path, dpi=100)


def main() -> None:
    """Print the measurement, and draw it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=int, nargs="+", default=[1, 10, 100, 1000])
    parser.add_argument("--videos", type=int, nargs="+", default=[1, 10, 100, 1000, 10_000])
    parser.add_argument("--cameras", type=int, nargs="+", default=[1, 10, 100, 1000])
    parser.add_argument("--plot", type=Path)
    parser.add_argument("--json", action="store_true", help="the only form there is")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, embedded_server():
        folder = Path(name)
        model = str(save_seeded_checkpoint(folder / "model"))
        most = max(options.cameras)
        of_files([(1, 1)], model, folder / "first")  # loads what is loaded once
        found = {
            "hours": of_hours(options.hours, folder / "hours"),
            "videos": of_files([(number, 1) for number in options.videos], model, folder / "v"),
            "cameras": of_files(
                [(most, number) for number in options.cameras], model, folder / "c"
            ),
        }
    sys.stdout.write(json.dumps(found, indent=2) + "\n")
    if options.plot:
        draw(found, options.plot)


if __name__ == "__main__":
    main()
