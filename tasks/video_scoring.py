"""One video's scores, tubelet by tubelet and frame by frame."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import numpy.typing as npt

from storage.errors import CorruptShardError
from storage.footage import Sighting
from storage.parquet import read_lineage
from storage.reports import FrameTimes
from storage.shard_reading import stream_shard
from storage.videos import VideoRecord, read_video
from storage.warehouse import Warehouse
from tasks.health import health_of
from tasks.normality.events import Event
from tasks.normality.health import HealthInterval
from tasks.normality.patch_distance import Patches
from tasks.normality.summary import Observations
from tasks.profile_use import Judge
from tasks.recording import Recording
from tasks.row_scoring import ScoredRows, VideoToScore, score_rows
from tasks.video.search import printable


@dataclass(frozen=True, slots=True, eq=False)
class ScoredVideo:
    """A video whose every frame has a score.

    Attributes:
        names: ``video_id``, ``camera`` and ``path``.
        record: What was probed.
        recorded: When it was recorded, as far as that is known.
        decoder: The decoder that gave the frames, and why if not decord.
        scope: What of the profile it was held against.
        threshold: Above which its frames are flagged.
        scores: Scores of its frames by each distance, of shape (N,), float64.
        flagged: Whether each frame is above the threshold, shape (N,).
        events: Its events, in order.
        heats: Where in the picture the peak of each event is, P numbers, or None.
        mean: Of its embeddings, frame by frame, shape (D,), float64.
        health: When its camera was not well.
    """

    names: dict[str, str]
    record: VideoRecord
    recorded: Recording
    decoder: str
    scope: str
    threshold: float
    scores: Mapping[str, npt.NDArray[np.float64]]
    flagged: npt.NDArray[np.bool_]
    events: Sequence[Event]
    heats: Sequence[npt.NDArray[np.float64] | None]
    mean: npt.NDArray[np.float64]
    health: Sequence[HealthInterval]

    def times(self) -> FrameTimes:
        """Return when each frame is shown and was recorded."""
        return FrameTimes(self.record.times_s, self.recorded.start)


def events_in(
    warehouse: Warehouse,
    shards: Sequence[str],
    judge: Judge,
    camera: str,
    recorded_at: str | None,
) -> list[Event]:
    """Return the events that a judge finds in a camera's video, given when it begins, if known.

    Raises:
        CorruptShardError: The shards do not hold each frame up to the last once.
    """
    scope = judge.profile.scope_of(camera)
    video = VideoToScore(shards, scope, Recording.at(recorded_at))
    (rows,) = score_rows(warehouse, judge.profile, [video])
    return judge.events_of(rows.series(judge.distance), scope)


def score_videos(
    warehouse: Warehouse,
    footage: Iterable[Sighting],
    index: Mapping[str, Sequence[str]],
    judge: Judge,
) -> Iterator[ScoredVideo]:
    """Score every frame of videos, in their order; a frame has the score of its tubelet.

    Args:
        warehouse: Where the videos are embedded.
        footage: The videos.
        index: The shards of each.
        judge: What they are held against.

    Raises:
        CorruptShardError: The shards of one do not hold each of its frames once.
    """
    begun: deque[tuple[Sighting, VideoRecord, VideoToScore]] = deque()

    def videos() -> Iterator[VideoToScore]:
        for sighting in footage:
            record = read_video(warehouse, sighting.video_id)
            scope = judge.profile.scope_of(sighting.camera)
            recorded = Recording.of(sighting, record)
            video = VideoToScore(index[sighting.video_id], scope, recorded)
            begun.append((sighting, record, video))
            yield video

    for rows in score_rows(warehouse, judge.profile, videos()):
        yield _score_frames(warehouse, judge, rows, *begun.popleft())


def _score_frames(
    warehouse: Warehouse,
    judge: Judge,
    rows: ScoredRows,
    sighting: Sighting,
    record: VideoRecord,
    video: VideoToScore,
) -> ScoredVideo:
    """Return what the scores of a video's tubelets say of its frames."""
    shards, scope = video.shards, video.scope
    if rows.places[-1, 1] != record.num_frames:
        raise CorruptShardError(
            warehouse.uri(shards[-1].rpartition("/")[0]),
            f"it holds {rows.places[-1, 1]} of {record.num_frames} frames",
        )
    weights = rows.places[:, 1] - rows.places[:, 0]
    scores = {name: np.repeat(found, weights) for name, found in rows.scores.items()}
    threshold = judge.threshold(scope).value
    events = judge.events_of(rows.series(judge.distance), scope)
    lineage = read_lineage(warehouse, shards[0])
    reason = f" ({lineage['decoder_reason']})" if lineage["decoder_reason"] else ""
    return ScoredVideo(
        names={
            "video_id": sighting.video_id,
            "camera": sighting.camera,
            "path": printable(sighting.path),
        },
        record=record,
        recorded=video.recorded,
        decoder=lineage["decoder"] + reason,
        scope=scope,
        threshold=threshold,
        scores=scores,
        flagged=scores[judge.distance] > threshold,
        events=events,
        heats=_heats(warehouse, shards, judge, scope, events),
        mean=rows.mean,
        health=health_of(
            warehouse, sighting.video_id, judge.profile.content.references.get(sighting.camera)
        ),
    )


def _heats(
    warehouse: Warehouse,
    shards: Sequence[str],
    judge: Judge,
    scope: str,
    events: Sequence[Event],
) -> list[npt.NDArray[np.float64] | None]:
    """Return where in the picture each event's peak is, where the distance can tell."""
    distance = judge.profile.ladder(scope).distances[judge.distance]
    heats: list[npt.NDArray[np.float64] | None] = [None] * len(events)
    if not isinstance(distance, Patches) or not events:
        return heats
    peaks = np.array([event.peak_frame for event in events])
    for rows in chain.from_iterable(stream_shard(warehouse, s, patches=True) for s in shards):
        within = np.searchsorted(rows.frame_end, peaks, side="right")
        here = np.flatnonzero((peaks >= rows.frame_start[0]) & (within < len(rows.frame_end)))
        for number in here.tolist():
            row = slice(within[number], within[number] + 1)
            at_peak = Observations(
                rows.embeddings[row], None if rows.patches is None else rows.patches[row]
            )
            heats[number] = distance.heat(at_peak)[0]
    return heats
