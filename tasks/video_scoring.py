"""One video's scores, tubelet by tubelet and frame by frame."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from storage.errors import CorruptShardError
from storage.footage import Sighting
from storage.parquet import read_lineage
from storage.reports import FrameTimes
from storage.shards import FrameEmbeddings, read_shard
from storage.videos import VideoRecord, read_video
from storage.warehouse import Warehouse
from tasks.health import health_of
from tasks.normality.events import Event
from tasks.normality.health import HealthInterval
from tasks.normality.moments import Moments, merged
from tasks.normality.patch_distance import Patches
from tasks.normality.scopes import hours_of
from tasks.normality.series import ScoreSeries
from tasks.normality.summary import Observations
from tasks.profile_use import Judge, ProfileInUse
from tasks.recording import Recording
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
        moments: Mean and squares of its embeddings, frame by frame.
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
    moments: Moments
    health: Sequence[HealthInterval]

    def times(self) -> FrameTimes:
        """Return when each frame is shown and was recorded."""
        return FrameTimes(self.record.times_s, self.recorded.start)


@dataclass(frozen=True, slots=True, eq=False)
class ScoredRows:
    """The tubelets of a video, scored.

    Attributes:
        places: (frame_start, frame_end) of each, shape (n, 2), int64.
        times_s: (start, end) of each, shape (n, 2), float64.
        scores: By distance, each of shape (n,), float64.
    """

    places: npt.NDArray[np.int64]
    times_s: npt.NDArray[np.float64]
    scores: Mapping[str, npt.NDArray[np.float64]]

    def series(self, distance: str) -> ScoreSeries:
        """Return the scores by one distance as events are found in them."""
        (frame_start, frame_end), (start_s, end_s) = self.places.T, self.times_s.T
        return ScoreSeries(frame_start, frame_end, start_s, end_s, self.scores[distance])


def score_rows(
    warehouse: Warehouse,
    shards: Sequence[str],
    profile: ProfileInUse,
    scope: str,
    recorded: Recording,
    look: Callable[[FrameEmbeddings], None] | None = None,
) -> ScoredRows:
    """Score the tubelets of a video against a scope of a profile, part by part.

    Args:
        warehouse: Where the video is embedded.
        shards: Its shards.
        profile: The profile.
        scope: The scope.
        recorded: When it was recorded.
        look: Is shown each part as well.

    Raises:
        CorruptShardError: The shards do not hold each frame up to the last once.
    """
    ladder = profile.ladder(scope)
    places, times_s = [], []
    scores: dict[str, list[npt.NDArray[np.float64]]] = {name: [] for name in profile.distances}
    for rows in _whole(warehouse, shards, profile.reads_patches):
        times_s.append(rows.times_s)
        hours = hours_of(recorded.start, rows.times_s[:, 0] - times_s[0][0, 0])
        observations = Observations(rows.embeddings, rows.patches)
        for name, found in ladder.scores(observations, hours).items():
            scores[name].append(found)
        places.append(np.stack([rows.frame_start, rows.frame_end], axis=1))
        if look is not None:
            look(rows)
    return ScoredRows(
        np.concatenate(places),
        np.concatenate(times_s),
        {name: np.concatenate(pieces) for name, pieces in scores.items()},
    )


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
    rows = score_rows(warehouse, shards, judge.profile, scope, Recording.at(recorded_at))
    return judge.events_of(rows.series(judge.distance), scope)


def score_video(
    warehouse: Warehouse, sighting: Sighting, shards: Sequence[str], judge: Judge
) -> ScoredVideo:
    """Score every frame of a video; a frame has the score of its tubelet.

    Raises:
        CorruptShardError: The shards do not hold each frame of the video once.
    """
    record = read_video(warehouse, sighting.video_id)
    recorded = Recording.of(sighting, record)
    scope = judge.profile.scope_of(sighting.camera)
    moments: list[Moments] = []

    def sum_up(part: FrameEmbeddings) -> None:
        moments.append(Moments.of(part.embeddings, part.weights, full=False))

    rows = score_rows(warehouse, shards, judge.profile, scope, recorded, sum_up)
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
        recorded=recorded,
        decoder=lineage["decoder"] + reason,
        scope=scope,
        threshold=threshold,
        scores=scores,
        flagged=scores[judge.distance] > threshold,
        events=events,
        heats=_heats(warehouse, shards, judge, scope, events),
        moments=merged(moments),
        health=health_of(
            warehouse, sighting.video_id, judge.profile.content.references.get(sighting.camera)
        ),
    )


def _whole(warehouse: Warehouse, shards: Sequence[str], patches: bool) -> Iterator[FrameEmbeddings]:
    """Yield the rows of a video's shards, which leave out no frame in between."""
    covered = 0
    for shard in shards:
        rows = read_shard(warehouse, shard, patches=patches)
        edges = np.append(rows.frame_start, rows.frame_end[-1])
        if edges[0] != covered or (edges[1:] != rows.frame_end).any():
            raise CorruptShardError(warehouse.uri(shard), "it leaves out frames")
        yield rows
        covered = int(edges[-1])


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
    for rows in _whole(warehouse, shards, patches=True):
        within = np.searchsorted(rows.frame_end, peaks, side="right")
        here = np.flatnonzero((peaks >= rows.frame_start[0]) & (within < len(rows.frame_end)))
        for number in here.tolist():
            row = slice(within[number], within[number] + 1)
            at_peak = Observations(
                rows.embeddings[row], None if rows.patches is None else rows.patches[row]
            )
            heats[number] = distance.heat(at_peak)[0]
    return heats
