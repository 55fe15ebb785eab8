"""From normal footage to what a profile says: sums of each scope, and leave-one-video-out scores.

The footage is read as a stream, part by part: once for the sums, and once for the scores that each
video has under the statistics of all others. Where a distance needs more than squares, a video's
own are summed up once more before its scores, so that memory does not grow with the footage.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial, reduce
from itertools import chain, islice

import numpy as np
import numpy.typing as npt

from storage.calibration import CalibrationRows, CalibrationWriter
from storage.profile_content import Coreset, Statistic
from tasks.in_order import Once, in_order
from tasks.normal_footage import NormalFootage, NormalPart, NormalRows, NormalVideo
from tasks.normality.coreset import Sample, coreset
from tasks.normality.distances import DISTANCES
from tasks.normality.ladder import Ladder
from tasks.normality.moments import Moments
from tasks.normality.scopes import ALL, By, HourMeans, scopes_of
from tasks.normality.summary import NormalStatistics, NormalSummary

EMBEDDING, PATCHES, HOUR = "embedding", "patches", "hour:"


@dataclass(frozen=True, slots=True, eq=False)
class Sums:
    """Sums of some normal footage, and a bounded sample of it where a distance needs one."""

    statistics: NormalStatistics
    sample: Sample | None = None

    def merge(self, other: Sums) -> Sums:
        """Return the sums of both."""
        sample = self.sample
        if sample is not None and other.sample is not None:
            sample = sample.merge(other.sample)
        return Sums(self.statistics.merge(other.statistics), sample)

    def scaled(self, weight: float) -> Sums:
        """Return the sums of the same footage, of which each frame counts for so much."""
        return Sums(self.statistics.scaled(weight), self.sample)


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """How normal footage is summed up.

    Attributes:
        footage: The footage.
        weights: What a frame of each video counts for, by its id.
        distances: The distances that it is summed up and calibrated for.
        by: Which scopes there are.
        cameras: Cameras that have a scope of their own where there are such. Where people have only
            called stretches of a camera normal, those say little of what else it shows.
    """

    footage: NormalFootage
    weights: Mapping[str, float]
    distances: Sequence[str]
    by: By
    cameras: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        known = [video.known for video in self.footage.videos]
        cameras = frozenset(video.camera for video in known if video.is_whole)
        object.__setattr__(self, "cameras", cameras)

    @property
    def needs(self) -> frozenset[str]:
        """What the distances have to know of the footage."""
        return frozenset(DISTANCES[name].needs for name in self.distances)

    @property
    def by_hour(self) -> bool:
        """Whether hours of the day are told apart."""
        return self.by == "hour-of-day"

    def sums_of(self, videos: Sequence[NormalVideo]) -> Iterator[Sums]:
        """Yield the sums of each video: of its parts, side by side, merged in their order."""
        found = in_order(self._sums_of_part, chain.from_iterable(map(self.parts_of, videos)))
        for video in videos:
            counting = (sums for sums in islice(found, len(video.shards)) if sums is not None)
            yield reduce(Sums.merge, counting).scaled(self.weights[video.video_id])

    def parts_of(self, video: NormalVideo) -> list[NormalPart]:
        """Return the parts of a video, in order."""
        return self.footage.parts_of(video, self.by_hour)

    def rows_of(self, part: NormalPart) -> Iterator[NormalRows]:
        """Yield the tubelets of a part that count, piece by piece."""
        return self.footage.rows_of(part, patches="patches" in self.needs)

    def _sums_of_part(self, part: NormalPart) -> Sums | None:
        """Return the sums of a part of a video; None where no frame of it counts."""
        sums: NormalStatistics | None = None
        samples: list[Sample] = []
        full = "covariance" in self.needs
        for rows in self.rows_of(part):
            origin = None if sums is None else sums.moments.origin
            piece = NormalStatistics.of(
                rows.observations, rows.frames, rows.hours, full=full, origin=origin
            )
            sums = piece if sums is None else sums.merge(piece)
            if "coreset" in self.needs:
                starts, embeddings = rows.places[:, 0], rows.observations.embeddings
                samples.append(Sample.of(embeddings, starts, part.video.video_id))
        if sums is None:
            return None
        return Sums(sums, samples[0].merge(*samples[1:]) if samples else None)

    def scopes_of(self, video: NormalVideo) -> tuple[str, ...]:
        """Return the scopes that a video is part of."""
        camera = video.known.camera
        return scopes_of(camera, self.by if camera in self.cameras else "all")


@dataclass(frozen=True, slots=True, eq=False)
class ToScore:
    """A part of the video of that number, and what it is held against in each scope."""

    number: int
    part: NormalPart
    ladders: Once[Mapping[str, Ladder]]


@dataclass(frozen=True, slots=True, eq=False)
class NormalSums:
    """Sums of normal footage.

    Attributes:
        plan: How it was summed up.
        own: Mean and squares of each video, in order.
        scopes: Sums of each scope.
        coresets: Chosen embeddings of each scope, where a distance needs them.
    """

    plan: Plan
    own: Sequence[Moments]
    scopes: dict[str, NormalStatistics]
    coresets: dict[str, Coreset]

    @classmethod
    def of(cls, plan: Plan) -> NormalSums:
        """Read the footage once and sum it up, video by video in their order."""
        own: list[Moments] = []
        scopes: dict[str, NormalStatistics] = {}
        samples: dict[str, Sample] = {}
        videos = plan.footage.videos
        for video, found in zip(videos, plan.sums_of(videos), strict=True):
            sums, sample = found.statistics, found.sample
            own.append(sums.moments.squares_only())
            for scope in plan.scopes_of(video):
                # The hours of all cameras together would be those of the cameras seen then.
                part = sums.without_hours() if scope == ALL else sums
                scopes[scope] = scopes[scope].merge(part) if scope in scopes else part
                if sample is not None:
                    samples[scope] = samples[scope].merge(sample) if scope in samples else sample
        return cls(plan, own, scopes, {scope: _chosen(sample) for scope, sample in samples.items()})

    def calibrate(self, writer: CalibrationWriter) -> None:
        """Write the scores of each video under the statistics of the others of each scope.

        A video that is alone in a scope is scored against itself.
        """
        for number, scored in in_order(self._scored, self._to_score()):
            for scope, rows in scored.items():
                writer.write(scope, number, rows)

    def _to_score(self) -> Iterator[ToScore]:
        """Yield what is scored, and against what."""
        videos = self.plan.footage.videos
        held_by = Counter(chain.from_iterable(map(self.plan.scopes_of, videos)))
        shared = frozenset(scope for scope, number in held_by.items() if number > 1)
        for number, (video, own) in enumerate(zip(videos, self._own_sums(), strict=True)):
            ladders = Once(partial(self._ladders_without, video, own, shared))
            for part in self.plan.parts_of(video):
                yield ToScore(number, part, ladders)

    def _scored(self, job: ToScore) -> tuple[int, dict[str, CalibrationRows]]:
        """Return the scores of a part of a video in each scope, and the number of the video."""
        pieces: dict[str, list[CalibrationRows]] = {}
        for rows in self.plan.rows_of(job.part):
            places = np.column_stack([rows.places, rows.frames])
            for scope, ladder in job.ladders().items():
                scores = ladder.scores(rows.observations, rows.hours)
                own = CalibrationRows(places, rows.times_s, scores)
                pieces.setdefault(scope, []).append(own)
        return job.number, {scope: CalibrationRows.joined(own) for scope, own in pieces.items()}

    def statistics(self) -> Iterator[Statistic]:
        """Yield the sums as a profile keeps them."""
        for scope, sums in sorted(self.scopes.items()):
            kinds = {EMBEDDING: sums.moments, PATCHES: sums.patches}
            kinds |= {f"{HOUR}{hour}": own for hour, own in sorted(sums.hours.items())}
            for kind, moments in kinds.items():
                if moments is not None:
                    yield Statistic(
                        scope, kind, moments.weight, moments.origin, moments.total, moments.products
                    )

    def _own_sums(self) -> Iterator[NormalStatistics]:
        """Yield the sums of each video again: those at hand where they are all that is needed."""
        distances = [name for name in self.plan.distances if DISTANCES[name].needs != "coreset"]
        plan = replace(self.plan, distances=distances)
        if plan.needs <= {"variance"} and not plan.by_hour:
            return map(NormalStatistics, self.own)
        return (sums.statistics for sums in plan.sums_of(plan.footage.videos))

    def _ladders_without(
        self, video: NormalVideo, own: NormalStatistics, shared: frozenset[str]
    ) -> Mapping[str, Ladder]:
        """Return the distances of each scope, fitted to all of its footage but one video.

        Args:
            video: The video.
            own: Its sums.
            shared: The scopes that have more videos than one.
        """
        ladders = {}
        for scope in self.plan.scopes_of(video):
            others, chosen = self.scopes[scope], self.coresets.get(scope)
            if scope in shared:
                others = others.subtract(own)
                chosen = chosen and _without(chosen, video.video_id)
            ladders[scope] = fitted(others, chosen, self.plan.distances)
        return ladders


def fitted(sums: NormalStatistics, chosen: Coreset | None, distances: Sequence[str]) -> Ladder:
    """Return distances fitted to the sums of a scope."""
    hours = HourMeans.of(sums.moments, sums.hours) if sums.hours else None
    rows = None if chosen is None else chosen.rows
    return Ladder.fit(NormalSummary(sums.moments, sums.patches, rows), distances, hours)


def sums_in(statistics: Sequence[Statistic], scope: str) -> NormalStatistics:
    """Return the sums of a scope from how a profile keeps them."""
    found = {
        statistic.kind: Moments(
            statistic.weight, statistic.origin, statistic.total, statistic.products
        )
        for statistic in statistics
        if statistic.scope == scope
    }
    hours = {
        int(kind.removeprefix(HOUR)): own for kind, own in found.items() if kind.startswith(HOUR)
    }
    return NormalStatistics(found[EMBEDDING], found.get(PATCHES), hours)


def _chosen(sample: Sample) -> Coreset:
    """Return the embeddings that stand for all of a sample."""
    indices = coreset(sample)
    return Coreset(sample.rows[indices], sample.owners[indices])


def _without(chosen: Coreset, video_id: str) -> Coreset:
    """Return a coreset without the embeddings of one video, unless nothing would be left."""
    others: npt.NDArray[np.bool_] = chosen.video_ids != video_id
    return Coreset(chosen.rows[others], chosen.video_ids[others]) if others.any() else chosen
