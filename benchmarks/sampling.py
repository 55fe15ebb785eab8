"""What sampling fewer frames, and letting still footage stand for itself, saves and loses.

    python -m benchmarks.sampling --json

Runs the demonstration's footage (seven videos of a street, five anomalies) at several strides and
several --skip-static, each into a warehouse of its own, with a small untrained checkpoint, and an
empty street beside it: hours in which nothing happens. Says how many clips were encoded, the frame
AUROC (micro), the anomalies found, and how far scores are from those of the exact run.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from flows.command_line.server import embedded_server
from flows.embed_clips import embed_clips
from flows.extract_clips import extract_clips
from flows.run_pipeline import run_pipeline
from storage.parquet import read_lineage
from storage.reports import read_report
from storage.shards import index_shards
from storage.warehouse import Warehouse
from tasks.demonstration import judge
from tasks.embedding import identify
from tasks.encoder.seeded import save_seeded_checkpoint
from tasks.parameters import Archive, Encoding
from tasks.scene.backdrop import draw_backdrop
from tasks.scene.recording import Scene, draw_frames, record_scene, write_video
from tasks.scene.storyboard import FPS

STRIDES = (1, 2, 4, 8)
GREY_LEVELS = (1.0, 2.0, 3.0, 4.0, 6.0, 8.0)
DRAWN = Archive(settle_s=0)


def write_quiet(path: Path, seconds: int) -> Path:
    """Write footage of the demonstration's street with nobody in it, its light and noise alone."""
    path.parent.mkdir(parents=True)
    backdrop = draw_backdrop(np.random.default_rng([0, 0]))
    frames = draw_frames(backdrop, [], seconds * FPS, np.random.default_rng([0, 99]))
    write_video(path, frames, datetime(2026, 1, 1, 3, tzinfo=UTC))
    return path


def encoded(place: str, encoding: Encoding) -> tuple[int, int]:
    """Return the clips of a warehouse, and how many of them were encoded."""
    warehouse = Warehouse.at(place)
    shards = index_shards(warehouse, identify.fn(encoding).encoder_id)
    lineages = [read_lineage(warehouse, part) for parts in shards.values() for part in parts]
    clips = sum(lineage["clips"][1] - lineage["clips"][0] for lineage in lineages)
    return clips, clips - sum(lineage.get("static", {}).get("repeated", 0) for lineage in lineages)


def try_out(scene: Scene, quiet: Path, encoding: Encoding, folder: Path) -> dict[str, Any]:
    """Run the job with an encoding; return what it came to, its scores beside."""
    street, empty = str(folder / "street"), str(folder / "empty")
    normal, footage = list(map(str, scene.normal)), list(map(str, scene.footage))
    done = run_pipeline(normal, footage, street, encoding, "demo", "quantile:0.999", DRAWN)
    verdict = judge.fn(street, done.report, scene)
    extract_clips([str(quiet)], empty, encoding, DRAWN)
    embed_clips(empty, encoding)
    report = read_report(Warehouse.at(street), done.report.rpartition("/")[2])
    scores = [report.scores_of(video["path"]) for video in report.document["videos"]]
    return {
        "clips": encoded(street, encoding)[1],
        "quiet_clips": encoded(empty, encoding)[1],
        "auroc": round(verdict.auroc, 4),
        "found": sum(outcome.found for outcome in verdict.matching.outcomes),
        "events": done.events,
        "static": report.document["static"],
        "scores": np.concatenate(scores),
    }


def compare(folder: Path, seconds: int) -> list[dict[str, Any]]:
    """Return the table's rows; the first is the exact run at stride 1."""
    scene = record_scene(folder / "footage")
    quiet = write_quiet(folder / "quiet" / "street" / "night.mp4", seconds)
    model = str(save_seeded_checkpoint(folder / "model"))
    ways: list[dict[str, Any]] = [{"stride": stride} for stride in STRIDES]
    ways += [{"skip_static": levels} for levels in GREY_LEVELS]
    rows: list[dict[str, Any]] = []
    exact = None
    for number, way in enumerate(ways):
        encoding = Encoding(model=model, **way)
        row = try_out(scene, quiet, encoding, folder / str(number))
        scores = row.pop("scores")
        exact = scores if exact is None else exact
        off = np.abs(scores - exact) / exact.mean()
        rows.append({**way, **row, "off_mean": float(off.mean()), "off_largest": float(off.max())})
    return rows


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quiet-s", type=int, default=300)
    parser.add_argument("--json", action="store_true", help="the only form there is")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, embedded_server():
        rows = compare(Path(name), options.quiet_s)
    sys.stdout.write(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()
