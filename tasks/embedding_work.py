"""Embedding's bookkeeping: leases, shards, and what becomes of videos that cannot be read."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from storage.leases import Leases
from storage.quarantine import quarantine_video
from storage.warehouse import Warehouse
from tasks.clip_outcomes import Outcome, VideoRead, VideoToRead
from tasks.embedding_jobs import Embedded, EmbeddingJob, parts_of
from tasks.encoder.identity import EncoderIdentity
from tasks.progress import advance
from tasks.selection import LeftOut
from tasks.shard_writing import VideoShards
from tasks.video.decoding import DecoderChoice
from tasks.video.errors import FootageChangedError, UnreadableVideoError, VideoError
from tasks.video.search import printable

logger = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class OpenVideo:
    """A video that is being embedded.

    Attributes:
        job: What was missing of it.
        shards: Its shards.
        left: Clips that were read, less those whose outcome is known.
        is_read: Whether its reader has come to its end.
    """

    job: EmbeddingJob
    shards: VideoShards
    left: int = 0
    is_read: bool = False

    @property
    def is_done(self) -> bool:
        """Whether nothing more is to come."""
        return self.is_read and not self.left


@dataclass(slots=True, eq=False)
class EmbeddingWork:
    """The videos that a run embeds.

    Attributes:
        warehouse: Where the shards go.
        identity: The encoder.
        leases: Tells other runs which videos this one is at work on.
        decoder: Which decoder may be used.
        aside: Videos that another run embeds, and those that were left out before they were read.
    """

    warehouse: Warehouse
    identity: EncoderIdentity
    leases: Leases
    decoder: DecoderChoice
    aside: Embedded = field(default_factory=Embedded)
    _open: dict[int, OpenVideo] = field(default_factory=dict)

    def videos(self, jobs: Sequence[EmbeddingJob]) -> Iterator[VideoToRead]:
        """Yield the videos that no other run embeds, taking the lease of each as it is drawn."""
        for number, job in enumerate(jobs):
            if not self.leases.take(job.video_id):
                self.aside += Embedded(busy=(job,))
                continue
            try:
                shards = VideoShards.of(
                    self.warehouse, self.identity, job, parts_of(self.identity, job.frames)
                )
            except FootageChangedError as error:
                self.aside += self._left_out(job, error)
                self._close(job)
                continue
            self._open[number] = OpenVideo(job, shards)
            if shards.missing:
                yield shards.to_read(number)
            else:
                self._close(self._open.pop(number).job)

    def take(self, outcome: Outcome) -> Embedded:
        """Take an outcome; return what was committed, and left out, by it."""
        if isinstance(outcome, VideoRead):
            video, number = self._open[outcome.video], outcome.video
            video.left += outcome.clips
            video.is_read = True
            done = self._left_out(video.job, outcome.error) if outcome.error else Embedded()
        else:
            number = outcome.place.video
            video = self._open[number]
            video.left -= 1
            done = video.shards.add(outcome)
            advance(units=1)
        if video.is_done:
            self._close(self._open.pop(number).job)
        return done

    def renew(self) -> None:
        """Say that the run still works on its videos, if it is time to."""
        for video in self._open.values():
            self.leases.renew(video.job.video_id)

    def give_back(self) -> None:
        """Give back the leases of videos that were not brought to their end."""
        while self._open:
            self._give_back(self._open.popitem()[1].job)

    def _close(self, job: EmbeddingJob) -> None:
        """Be done with a video."""
        self._give_back(job)
        advance(videos=1)

    def _give_back(self, job: EmbeddingJob) -> None:
        if not job.shared:
            self.leases.give_back(job.video_id)

    def _left_out(self, job: EmbeddingJob, error: VideoError) -> Embedded:
        """Quarantine a video that cannot be read; leave others for another run."""
        path = printable(job.sightings[0].path)
        if not isinstance(error, UnreadableVideoError):
            camera = job.sightings[0].camera
            logger.warning("left for the next run: %s", error, extra={"camera": camera})
            return Embedded(0, (LeftOut(path, str(error)),))
        if self.decoder == "auto":  # what one decoder alone refuses, another may read
            quarantine_video(self.warehouse, job.video_id, path, error.reason, error.decoder_words)
        return Embedded(0, (LeftOut(path, error.reason),))
