"""What is wrong with a camera in each sample of its signs.

Black and frozen pictures are so by themselves. The rest is told by what the camera shows when it is
well.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from tasks.normality.moves import shows_other_views
from tasks.normality.references import CameraReference, Signs, sharpness
from tasks.normality.stretches import LONGEST_LAPSE, Mask, stretches, trailing
from tasks.normality.views import ALIKE, light_likeness, likeness, structure

Kind = Literal["black", "covered", "frozen", "blurred", "moved"]

# As FFmpeg's blackdetect: 98 % of the picture within a tenth of black. A clock may be burnt in.
BLACK_LUMA = 32
BLACK_SHARE = 0.98

# Pixels that differ from a second before. Frozen pictures, re-encoded by H.264 and H.265: 0 to
# 0.0053 but for where the encoder renews them. Live ones: 0.28 and more as the cameras recorded
# them, 0.026 and more re-encoded at CRF 28 to 34; an empty room at CRF 40: 0.006 to 0.017.
SILENT = 0.006
# Where it renews them, the means of parts change by 7 at most; where someone walks, by 18 or more.
STILL_LUMA = 8

# Of what is usual. Over 6 samples, fine detail stays above 0.71 and sharpness above 0.96, whoever
# passes and also at CRF 34. Blurred by 0.5 % of the width: 0.08 to 0.33 and 0.17 to 0.45; by 1.5 %:
# 0.01 to 0.06 and 0.08 to 0.27. In the dark, fine detail goes but sharpness stays above 0.58.
DULL = 0.6
SOFT = 0.65
VERY_SOFT = 0.4
# Blurred by 3.75 % of the width, 0.29 to 0.5 of the structure is left. Covered: 0 to 0.17.
POOR = 0.5
FLAT = 0.25
# A blur leaves light and dark in place, 0.71 and more; a lamp in front of the lens leaves 0.58.
LIT_ALIKE = 0.65

# Of a view of asphalt (3.6), passing shadows hide that it is the same; of others it is 7 and more.
LEAST_STRUCTURE = 1.5
LEAST_VIEW_STRUCTURE = 5


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """Where a camera is not well.

    Attributes:
        kind: What is wrong.
        holds: The samples that show it.
        may_lapse: The samples that do not speak against it, at least.
    """

    kind: Kind
    holds: Mask
    may_lapse: Mask


def black_state(signs: Signs) -> State:
    """Return where the picture is black."""
    share = (signs.thumbnails <= BLACK_LUMA).mean(axis=(1, 2))
    return State("black", share >= BLACK_SHARE, np.zeros(len(share), dtype=np.bool_))


def frozen_state(signs: Signs) -> State:
    """Return where nothing changes until the next sample.

    Where only the encoding of a picture changes, the means of its parts hardly do: that may be now
    and then, and after the last movement, until the encoder has settled.
    """
    before, after = signs.thumbnails[:-1], signs.thumbnails[1:]
    steps = (np.maximum(before, after) - np.minimum(before, after)).max(axis=(1, 2), initial=0)
    # The last sample has no next one: it goes on as it came, a video of one sample not at all.
    silent = np.append(signs.changed[1:], signs.changed[-1:]) <= SILENT
    still = np.append(steps, steps[-1:]) <= STILL_LUMA
    if len(silent) < 2:
        still = np.zeros(len(silent), dtype=np.bool_)
    for start, _ in list(stretches(silent, still)):
        settling = trailing(still[:start])
        if settling <= LONGEST_LAPSE:
            silent[start - settling : start] = True
    return State("frozen", silent, still)


def relative_states(signs: Signs, usual: CameraReference) -> Iterator[State]:
    """Yield where the picture is not what it is when the camera is well."""
    if usual.structure < LEAST_STRUCTURE or not usual.sharpness:
        return
    thumbnails = signs.thumbnails
    alike = likeness(thumbnails, usual.views) >= ALIKE
    lit_alike = light_likeness(thumbnails, usual.views) >= LIT_ALIKE
    share = structure(thumbnails) / usual.structure
    flat = share <= FLAT
    sharp = sharpness(signs) / usual.sharpness
    soft = (sharp <= SOFT) & (signs.fine <= DULL * usual.fine)
    covered = flat & (~alike | (sharp <= VERY_SOFT))
    covered |= (share <= POOR) & soft & ~alike & ~lit_alike
    anything = np.ones(len(share), dtype=np.bool_)
    yield State("covered", covered, anything)
    yield State("blurred", soft & lit_alike & ~flat, anything)
    if usual.structure >= LEAST_VIEW_STRUCTURE:
        seen = ~black_state(signs).holds
        moved = np.zeros(len(seen), dtype=np.bool_)
        moved[seen] = shows_other_views(thumbnails[seen], usual.views)
        yield State("moved", moved, anything)
