"""A video's parts: the runs of clips that are committed as one shard each."""

from __future__ import annotations

from dataclasses import dataclass

from tasks.video.clips import ClipPlan

# A part is what a killed run loses at most: 512 clips of 8 tubelets, 12 MB at D = 768, some twenty
# minutes of two CPU cores.
ROWS_PER_PART = 4096
# Of patch sketches, 2 P K bytes a row: a part is in memory when it is written or verified, and
# wide sketches must not make that gigabytes. At P = 196, sketches of up to 40 numbers fit.
SKETCH_BYTES_PER_PART = 64 * 2**20


def rows_per_part(patches: int, patch_sketch: int) -> int:
    """Return the rows of a part whose rows have a sketch of K numbers for each of P patches."""
    return min(ROWS_PER_PART, SKETCH_BYTES_PER_PART // max(1, 2 * patches * patch_sketch))


@dataclass(frozen=True, slots=True)
class PartPlan:
    """The parts of a video; together they hold each of its clips once, in order."""

    plan: ClipPlan
    rows_per_part: int = ROWS_PER_PART

    def __len__(self) -> int:
        return -(-len(self.plan) // self.clips_per_part)

    @property
    def clips_per_part(self) -> int:
        """Clips of every part but the last."""
        return max(1, self.rows_per_part // self.plan.sampling.tubelets)

    def clips(self, part: int) -> range:
        """Return the clips of one part."""
        first = part * self.clips_per_part
        return range(first, min(first + self.clips_per_part, len(self.plan)))
