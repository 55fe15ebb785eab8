"""When a camera looked elsewhere: a view that is none of its own, for a while."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tasks.normality.views import SAME, Thumbnails, likeness, median_view, shows_another_view

WINDOW = 6  # samples; the median over fewer keeps who stands about
HOP = 3
# Of a stretch. A camera that looks about shows more of them, but its samples are like these.
MAX_VIEWS = 16


def shows_other_views(thumbnails: Thumbnails, views: Thumbnails) -> npt.NDArray[np.bool_]:
    """Return which thumbnails show another view than the known ones, (S,).

    The medians of windows tell where another view is. There, each thumbnail shows what it is most
    alike to: so the edges are as sharp as the samples are close.

    Args:
        thumbnails: A video's, in order, shape (S, h, w).
        views: The known views, shape (V, h, w), V >= 1.
    """
    other = np.zeros(len(thumbnails), dtype=np.bool_)
    starts = range(0, max(len(thumbnails) - WINDOW + HOP, 1), HOP)
    if not len(thumbnails):
        return other
    medians = np.stack([median_view(thumbnails[start : start + WINDOW]) for start in starts])
    strange = _strange(medians, views)
    edges = np.flatnonzero(np.diff(strange.astype(np.int8), prepend=0, append=0))
    for first, last in edges.reshape(-1, 2).tolist():
        places = slice(max((first - 1) * HOP, 0), (last - 1) * HOP + WINDOW + HOP)
        chosen = np.linspace(first, last - 1, min(last - first, MAX_VIEWS)).round().astype(int)
        near = likeness(thumbnails[places], medians[chosen])
        other[places] |= near > likeness(thumbnails[places], views)
    # Who passes may hide the view: two of three neighbours decide.
    votes = np.pad(other.astype(np.int8), 1, mode="edge")
    return votes[:-2] + votes[1:-1] + votes[2:] >= 2


def _strange(medians: Thumbnails, views: Thumbnails) -> npt.NDArray[np.bool_]:
    """Return which medians show none of the views."""
    strange = likeness(medians, views) < SAME
    found: list[npt.NDArray[np.uint8]] = []
    for place in np.flatnonzero(strange):
        median = medians[place]
        # A comparison takes milliseconds: what looks like what was found is taken for it.
        if found and likeness(median[np.newaxis], np.stack(found))[0] >= SAME:
            continue
        strange[place] = all(shows_another_view(median, view) for view in views)
        if strange[place]:
            found = [*found[1 - MAX_VIEWS :], median]
    return strange
