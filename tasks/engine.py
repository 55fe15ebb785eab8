"""The engine: files are read, frames preprocessed and clips encoded at once, across videos.

Several readers, each with a child process that opens footage, feed several encoders; what they come
to is handed to the thread that commits it. On a CPU each core encodes clips of its own, one at a
time on one thread: nobody waits for anybody's share of a matrix, and a clip's embedding hangs on
nothing but the clip. A GPU takes batches, filled across videos: while it computes one, another
thread brings it the next.
"""

from __future__ import annotations

import logging
import os
import queue
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Thread

from tasks.clip_feed import ClipFeed, FeedAbortedError
from tasks.clip_outcomes import (
    ClipEncoded,
    ClipPlace,
    ClipRead,
    ClipRepeated,
    Outcome,
    VideoRead,
    VideoToRead,
)
from tasks.encoder.device import one_thread_each, threads_of_torch
from tasks.encoder.videomae import VideoEncoder
from tasks.footage_files import at_hand
from tasks.stillness import Repetitions
from tasks.video.assembly import assemble_clips, frames_needed
from tasks.video.decoding import DecoderChoice, VideoShape
from tasks.video.errors import (
    FootageChangedError,
    FootageUnreachableError,
    UnreadableVideoError,
    VideoError,
)
from tasks.video.isolated_reader import IsolatedReader
from tasks.video.isolation import FootageProcess
from tasks.video.region import Region

logger = logging.getLogger(__name__)
MOST_READERS = 32
GPU_ENCODERS = 2
OUT_OF_MEMORY = "out of memory: from now on %d clips are encoded at once"
OF_ONE_VIDEO = (UnreadableVideoError, FootageChangedError, FootageUnreachableError)
LOOKS_UP_S = 1.0


@dataclass(slots=True, eq=False)
class Engine:
    """Reads and encodes videos on threads of its own; used by one thread, once.

    Attributes:
        encoder: The encoder, loaded.
        patch_sketch: K, numbers of a patch in the sketch; 0 for no sketch.
        batch_size: Clips that are encoded at once.
        in_batches: Whether encoders take batches, else each core takes clips of its own.
        decoder: Which decoder may be used.
        skip_static: Grey levels by which blocks of a clip may be off from an earlier one's that
            then stands for it; at 0 only a clip that is the same to the last bit does.
    """

    encoder: VideoEncoder
    patch_sketch: int
    batch_size: int
    in_batches: bool
    decoder: DecoderChoice
    skip_static: float = 0.0
    _to_read: queue.SimpleQueue[VideoToRead | None] = field(default_factory=queue.SimpleQueue)
    # What is in it is bounded by the feed's capacity.
    _outcomes: queue.SimpleQueue[Outcome | BaseException] = field(default_factory=queue.SimpleQueue)
    _footage: list[FootageProcess] = field(default_factory=list)
    _feed: ClipFeed[ClipRead] = field(init=False)
    _most: int = field(init=False)  # clips that are encoded at once, as far as is known by now

    def run(self, videos: Iterator[VideoToRead], tick: Callable[[], None]) -> Iterator[Outcome]:
        """Yield the outcomes of videos; those of one clip or another come as they are ready.

        Args:
            videos: Drawn one by one, as readers get free.
            tick: Called before each outcome, and every second while there is none.

        Raises:
            CheckpointUnusableError: The encoder or its processor fails.
            DecodersUnusableError: No process can be started to open footage.
            OSError: The disk fails.
        """
        self._most = self.batch_size if self.in_batches else 1
        encoders = GPU_ENCODERS if self.in_batches else threads_of_torch()
        cores = os.cpu_count() or 1
        readers = min(MOST_READERS, cores if self.in_batches else encoders)
        self._feed = ClipFeed((encoders + 2) * self._most + readers)
        with ExitStack() as stack:
            stack.enter_context(one_thread_each(apply=not self.in_batches))
            stack.enter_context(self._threads([self._read] * readers + [self._encode] * encoders))
            busy = sum(self._hand_out(videos) for _ in range(readers))
            open_clips = 0  # read, less those whose outcome is known
            while busy or open_clips:
                outcome = self._next(tick)
                if isinstance(outcome, VideoRead):
                    open_clips += outcome.clips
                    busy += self._hand_out(videos) - 1
                    if not busy:
                        self._feed.close()
                else:
                    open_clips -= 1
                    self._feed.settle()
                yield outcome

    def _hand_out(self, videos: Iterator[VideoToRead]) -> int:
        """Give the next video to the readers; return whether there was one."""
        video = next(videos, None)
        if video is not None:
            self._to_read.put(video)
        return int(video is not None)

    def _next(self, tick: Callable[[], None]) -> Outcome:
        """Return the next outcome; what ended a thread ends the run."""
        while True:
            tick()
            try:
                outcome = self._outcomes.get(timeout=LOOKS_UP_S)
            except queue.Empty:
                continue
            if isinstance(outcome, BaseException):
                raise outcome
            return outcome

    @contextmanager
    def _threads(self, works: list[Callable[[], None]]) -> Iterator[None]:
        """Carry out works on threads that have ended when the block ends, however it does."""

        def carry_out(work: Callable[[], None]) -> None:
            try:
                work()
            except FeedAbortedError:
                pass
            except BaseException as error:  # noqa: BLE001 - raised where outcomes are awaited
                self._outcomes.put(error)

        threads = [Thread(target=carry_out, args=(work,), daemon=True) for work in works]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._feed.abort()
            for _ in works:
                self._to_read.put(None)
            for footage in self._footage:
                footage.interrupt()
            for thread in threads:
                thread.join()

    def _read(self) -> None:
        """Read videos, until there are no more."""
        with FootageProcess() as footage:
            self._footage.append(footage)
            while (video := self._to_read.get()) is not None:
                clips = 0
                error: VideoError | None = None
                try:
                    with at_hand(video.path) as file:
                        reader = self._reader(footage, file, video.shape)
                        for outcome in self._clips_of(video, reader):
                            clips += 1
                            self._pass_on(outcome)
                except OF_ONE_VIDEO as caught:
                    error = caught
                self._outcomes.put(VideoRead(video.number, clips, error))

    def _reader(self, footage: FootageProcess, file: Path, shape: VideoShape) -> IsolatedReader:
        """Return a reader of what the encoder sees of each frame."""
        region = Region(*self.encoder.preprocessing.seen(shape.height, shape.width))
        return IsolatedReader(footage, file, shape, self.decoder, region)

    def _clips_of(
        self, video: VideoToRead, reader: IsolatedReader
    ) -> Iterator[ClipRead | ClipRepeated]:
        """Yield the clips of a video that are to be encoded, or known from an earlier one."""
        plan = video.parts.plan
        part_of = {index: part for part in video.wanted for index in video.parts.clips(part)}
        clips = [plan.clip(index) for index in part_of]
        pictures = reader.read_as(frames_needed(plan, clips), self.encoder.preprocessing.picture)
        repetitions = Repetitions(self.skip_static, self.encoder.geometry.patch_size)
        for clip, shown in assemble_clips(pictures, plan, clips):
            part = part_of[clip.index]
            place = ClipPlace(video.number, part, clip, reader.decoder, reader.reason)
            found = repetitions.find(part, clip.index, shown)
            if found is None:
                yield ClipRead(place, shown)
            elif found.is_checked:
                yield ClipRead(replace(place, looks_like=found.earlier), shown)
            else:
                yield ClipRepeated(place, found.earlier)

    def _pass_on(self, outcome: ClipRead | ClipRepeated) -> None:
        if isinstance(outcome, ClipRead):
            self._feed.put(outcome)
        else:
            self._feed.pass_by()
            self._outcomes.put(outcome)

    def _encode(self) -> None:
        """Encode clips, until there are no more; where memory is short, fewer at once."""
        import torch

        waiting = list[ClipRead]()
        while waiting := waiting or self._feed.take(self._most):
            most = self._most
            batch = waiting[:most]
            try:
                self._encode_batch(batch, most)
            except torch.OutOfMemoryError:
                if most == 1:
                    raise
                self._most = min(self._most, -(-most // 2))
                logger.warning(OUT_OF_MEMORY, self._most)
            else:
                waiting = waiting[len(batch) :]

    def _encode_batch(self, batch: list[ClipRead], most: int) -> None:
        """Encode some clips at once, in a batch of full size, and pass on what comes of each."""
        clips = [clip.pictures for clip in batch]
        encoded = self.encoder.encode_and_sketch(clips, self.patch_sketch, most)
        for index, clip in enumerate(batch):
            sketches = None if encoded.sketches is None else encoded.sketches[index]
            self._outcomes.put(ClipEncoded(clip.place, encoded.embeddings[index], sketches))
