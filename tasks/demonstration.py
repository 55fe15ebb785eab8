"""The demonstration's own steps: footage is drawn, a checkpoint made, and what was found judged."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from prefect import task

from storage.reports import Report, read_report
from storage.warehouse import Warehouse
from tasks.encoder.seeded import save_seeded_checkpoint
from tasks.retrying import STEP
from tasks.scene.evaluation import Detection, Matching, frame_auroc, frame_labels, match_events
from tasks.scene.recording import Scene, record_scene


@dataclass(frozen=True, slots=True)
class Verdict:
    """How the report compares with what was put into the footage.

    Attributes:
        matching: The anomalies put in and the events that met them.
        auroc: Frame AUROC over all checked footage, micro.
        frames: Checked frames.
    """

    matching: Matching
    auroc: float
    frames: int


@task(**STEP)
def draw_footage(folder: str, seed: int) -> Scene:
    """Draw and record the demonstration's footage below a folder."""
    return record_scene(Path(folder), seed)


@task(**STEP)
def make_checkpoint(folder: str, seed: int) -> str:
    """Make a small, untrained VideoMAE from a seed and return its folder."""
    return str(save_seeded_checkpoint(Path(folder) / "untrained-videomae", seed))


@task(**STEP)
def judge(place: str, report: str, scene: Scene) -> Verdict:
    """Hold a report against the anomalies that were put into the footage."""
    content: Report = read_report(Warehouse.at(place), report.rpartition("/")[2])
    events, labels, scores = [], [], []
    for video in content.document["videos"]:
        name = Path(video["path"]).name
        events += [
            Detection(name, event["frame_start"], event["frame_end"]) for event in video["events"]
        ]
        labels.append(frame_labels(scene.anomalies, name, video["frames"]))
        scores.append(content.scores_of(video["path"]))
    return Verdict(
        matching=match_events(scene.anomalies, events),
        auroc=frame_auroc(np.concatenate(labels), np.concatenate(scores)),
        frames=sum(map(len, labels)),
    )
