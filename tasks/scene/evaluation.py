"""How well the anomalies put into the footage were found again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tasks.scene.recording import Anomaly


@dataclass(frozen=True, slots=True)
class Detection:
    """A reported event: frames [``frame_start``, ``frame_end``) of a video."""

    video: str  # file name
    frame_start: int
    frame_end: int

    def __post_init__(self) -> None:
        if not 0 <= self.frame_start < self.frame_end:
            raise ValueError(
                f"a detection needs 0 <= frame_start < frame_end, got [{self.frame_start}, "
                f"{self.frame_end}) in {self.video!r}"
            )

    def shares_a_frame_with(self, anomaly: Anomaly) -> bool:
        """Return whether some frame belongs to both."""
        return (
            self.video == anomaly.video
            and self.frame_start < anomaly.frame_end
            and anomaly.frame_start < self.frame_end
        )


@dataclass(frozen=True, slots=True)
class Outcome:
    """One anomaly and the events that share a frame with it; found if there is one."""

    anomaly: Anomaly
    detections: tuple[Detection, ...]

    @property
    def found(self) -> bool:
        """Whether any event points at the anomaly."""
        return bool(self.detections)


@dataclass(frozen=True, slots=True)
class Matching:
    """An outcome per anomaly, in their order, and the events that share a frame with none."""

    outcomes: tuple[Outcome, ...]
    false_alarms: tuple[Detection, ...]


def match_events(anomalies: Sequence[Anomaly], events: Sequence[Detection]) -> Matching:
    """Match reported events with the anomalies put in: they match where they share a frame.

    An event that runs over two anomalies counts for both.
    """
    outcomes = tuple(
        Outcome(anomaly, tuple(event for event in events if event.shares_a_frame_with(anomaly)))
        for anomaly in anomalies
    )
    matched = {event for outcome in outcomes for event in outcome.detections}
    return Matching(outcomes, tuple(event for event in events if event not in matched))


def frame_labels(
    anomalies: Sequence[Anomaly], video: str, num_frames: int
) -> npt.NDArray[np.bool_]:
    """Return which frames of a video show an anomaly, shape (num_frames,).

    Raises:
        ValueError: An anomaly ends behind the video's last frame.
    """
    labels = np.zeros(num_frames, dtype=np.bool_)
    for anomaly in anomalies:
        if anomaly.video != video:
            continue
        if anomaly.frame_end > num_frames:
            raise ValueError(
                f"{anomaly.kind!r} ends at frame {anomaly.frame_end} of {video!r}, "
                f"which has {num_frames} frames"
            )
        labels[anomaly.frame_start : anomaly.frame_end] = True
    return labels


def frame_auroc(labels: npt.ArrayLike, scores: npt.ArrayLike) -> float:
    """Return the area under the ROC curve: 0.5 is chance, 1 is every anomaly above all else.

    Args:
        labels: Whether each frame shows an anomaly, shape (N,); both kinds must occur.
        scores: Anomaly score of each frame, shape (N,), finite.

    Raises:
        ValueError: All labels are the same, the lengths differ or a score is not finite.
    """
    from sklearn.metrics import roc_auc_score

    truth = np.asarray(labels, dtype=np.bool_)
    if truth.all() or not truth.any():
        raise ValueError("AUROC needs frames with and without an anomaly, got one kind only")
    return float(roc_auc_score(truth, np.asarray(scores, dtype=np.float64)))
