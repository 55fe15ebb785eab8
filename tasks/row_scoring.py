"""Scores of embedded videos, tubelet by tubelet: many parts read and scored at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import numpy.typing as npt

from storage.errors import CorruptShardError
from storage.shard_reading import first_moment_s, stream_shard
from storage.warehouse import Warehouse
from tasks.in_order import in_order
from tasks.normality.moments import weighted_mean
from tasks.normality.scopes import hours_of
from tasks.normality.series import ScoreSeries
from tasks.normality.summary import Observations
from tasks.profile_use import ProfileInUse
from tasks.recording import Recording


@dataclass(frozen=True, slots=True, eq=False)
class VideoToScore:
    """An embedded video, and what it is held against.

    Attributes:
        shards: Its shards, in order, at least one.
        scope: The scope of the profile.
        recorded: When it was recorded, as far as that is known.
    """

    shards: Sequence[str]
    scope: str
    recorded: Recording


@dataclass(frozen=True, slots=True, eq=False)
class ScoredRows:
    """Tubelets of a video, scored.

    Attributes:
        places: (frame_start, frame_end) of each, shape (n, 2), int64.
        times_s: (start, end) of each, shape (n, 2), float64.
        scores: By distance, each of shape (n,), float64.
        mean: Of their embeddings, frame by frame, shape (D,), float64.
    """

    places: npt.NDArray[np.int64]
    times_s: npt.NDArray[np.float64]
    scores: Mapping[str, npt.NDArray[np.float64]]
    mean: npt.NDArray[np.float64]

    @classmethod
    def joined(cls, pieces: Sequence[ScoredRows]) -> ScoredRows:
        """Return pieces of one video, at least one, as one."""
        frames = np.array([np.diff(piece.places).sum() for piece in pieces])
        return cls(
            np.concatenate([piece.places for piece in pieces]),
            np.concatenate([piece.times_s for piece in pieces]),
            {
                name: np.concatenate([piece.scores[name] for piece in pieces])
                for name in pieces[0].scores
            },
            weighted_mean(np.stack([piece.mean for piece in pieces]), frames),
        )

    def series(self, distance: str) -> ScoreSeries:
        """Return the scores by one distance as events are found in them."""
        (frame_start, frame_end), (start_s, end_s) = self.places.T, self.times_s.T
        return ScoreSeries(frame_start, frame_end, start_s, end_s, self.scores[distance])


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """A part of a video, and the video's first moment where hours of the day are told apart."""

    video: VideoToScore
    shard: str
    first_s: float | None


def score_rows(
    warehouse: Warehouse, profile: ProfileInUse, videos: Iterable[VideoToScore]
) -> Iterator[ScoredRows]:
    """Yield the scores of videos, in their order; videos are drawn a few ahead.

    Raises:
        CorruptShardError: The shards of one do not hold each frame up to the last once.
    """

    def parts() -> Iterator[_Part]:
        for video in videos:
            profile.ladder(video.scope)  # fitted here, once, not by each thread for itself
            by_hour = profile.by == "hour-of-day" and video.recorded.start is not None
            first_s = first_moment_s(warehouse, video.shards[0]) if by_hour else None
            yield from (_Part(video, shard, first_s) for shard in video.shards)

    def scored(part: _Part) -> tuple[_Part, ScoredRows]:
        return part, _score_part(warehouse, profile, part)

    for _, found in groupby(in_order(scored, parts()), key=lambda item: item[0].video):
        yield _whole(warehouse, found)


def _score_part(warehouse: Warehouse, profile: ProfileInUse, part: _Part) -> ScoredRows:
    """Score the tubelets of a part, piece by piece."""
    ladder = profile.ladder(part.video.scope)
    pieces = []
    for rows in stream_shard(warehouse, part.shard, patches=profile.reads_patches):
        hours = None
        if part.first_s is not None:
            hours = hours_of(part.video.recorded.start, rows.times_s[:, 0] - part.first_s)
        observations = Observations(rows.embeddings, rows.patches)
        pieces.append(
            ScoredRows(
                np.stack([rows.frame_start, rows.frame_end], axis=1),
                rows.times_s,
                ladder.scores(observations, hours),
                weighted_mean(rows.embeddings, rows.weights),
            )
        )
    return ScoredRows.joined(pieces)


def _whole(warehouse: Warehouse, parts: Iterable[tuple[_Part, ScoredRows]]) -> ScoredRows:
    """Return the parts of a video as one; they leave out no frame in between."""
    pieces, covered = [], 0
    for part, rows in parts:
        starts, ends = rows.places.T
        if starts[0] != covered or (starts[1:] != ends[:-1]).any():
            raise CorruptShardError(warehouse.uri(part.shard), "it leaves out frames")
        covered = ends[-1]
        pieces.append(rows)
    return ScoredRows.joined(pieces)
