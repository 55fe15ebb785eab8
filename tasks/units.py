"""How work is cut for several workers: into runs of parts, large enough to read few frames twice.

A worker that begins in the midst of a video has to decode what lies before: a seek is not exact.
That is 0.007 s a clip, beside 1.8 s for encoding one on two cores, and K pieces decode a video
(K - 1) / 2 times more. So it is cut into no more pieces than it takes to keep all workers busy.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from tasks.embedding import CLIPS_PER_TASK, batched_by_clips
from tasks.embedding_jobs import EmbeddingJob, parts_of
from tasks.encoder.identity import EncoderIdentity

UNITS_A_WORKER = 4  # the last ones to finish keep the others waiting for a quarter of their share


def cut_for(
    workers: int, jobs: Sequence[EmbeddingJob], identity: EncoderIdentity
) -> list[list[EmbeddingJob]]:
    """Return the work in units for so many workers, in the order of the jobs.

    A unit is some parts of a long video, or several short videos.
    """
    share = -(-sum(job.clips for job in jobs) // (workers * UNITS_A_WORKER))
    pieces = (piece for job in jobs for piece in _pieces(job, identity, share))
    return list(batched_by_clips(pieces, min(share, CLIPS_PER_TASK)))


def _pieces(job: EmbeddingJob, identity: EncoderIdentity, share: int) -> Iterator[EmbeddingJob]:
    """Yield a job in pieces of so many clips, or of one part where that has more."""
    parts = parts_of(identity, job.frames)
    pieces: list[tuple[list[int], int]] = []
    for part in job.parts:
        clips = len(parts.clips(part))
        if pieces and pieces[-1][1] + clips <= share:
            pieces[-1] = ([*pieces[-1][0], part], pieces[-1][1] + clips)
        else:
            pieces.append(([part], clips))
    for chosen, clips in pieces:
        yield replace(job, parts=tuple(chosen), clips=clips, shared=len(pieces) > 1)
