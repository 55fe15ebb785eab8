"""What a camera shows when it is well: what is usual, and its views."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from tasks.normality.stretches import Mask
from tasks.normality.views import ALIKE, SAME, Thumbnails, likeness, median_view, structure

USUAL_SHARE = 0.5  # of a video that must show one view, or more, for another to be told from it
LOW = 0.05  # quantile that is usual of many videos: nights are dull and well
VIEW_SECONDS = 600
MAX_VIEWS = 24


class Signs(Protocol):
    """What was measured of a video's pictures, one row a sample."""

    @property
    def frame_start(self) -> npt.NDArray[np.int64]:
        """The frame measured, shape (S,), ascending."""

    @property
    def frame_end(self) -> npt.NDArray[np.int64]:
        """End of the frames that the sample speaks for: where the next one starts."""

    @property
    def time_start_s(self) -> npt.NDArray[np.float64]:
        """When the first of them is shown."""

    @property
    def time_end_s(self) -> npt.NDArray[np.float64]:
        """When the last of them ends."""

    @property
    def fine(self) -> npt.NDArray[np.float32]:
        """Mean squared difference of pixels one column apart."""

    @property
    def coarse(self) -> npt.NDArray[np.float32]:
        """The same of pixels eight columns apart."""

    @property
    def changed(self) -> npt.NDArray[np.float32]:
        """Share of pixels that differ at all from the sample before."""

    @property
    def thumbnails(self) -> Thumbnails:
        """Mean luma of the picture's parts, shape (S, h, w)."""


@dataclass(frozen=True, slots=True, eq=False)
class CameraReference:
    """What a camera shows when it is well.

    Attributes:
        fine: Mean squared difference of pixels one column apart.
        sharpness: That as a share of the difference of pixels eight columns apart.
        structure: How much the picture's parts differ from their surroundings, in luma.
        views: What it looks at, each as a thumbnail, shape (V, h, w), uint8, V >= 1.
    """

    fine: float
    sharpness: float
    structure: float
    views: Thumbnails

    def __post_init__(self) -> None:
        if self.views.ndim != 3 or not len(self.views) or self.views.dtype != np.uint8:
            raise ValueError(f"a camera has a view at least, got {self.views.shape}")
        if not min(self.fine, self.sharpness, self.structure) >= 0:
            raise ValueError(f"what is usual is a number from 0, got {self}")


def sharpness(signs: Signs) -> npt.NDArray[np.float32]:
    """Return the fine differences as a share of the coarse ones, 0 where there are none."""
    zeros = np.zeros_like(signs.fine)
    return np.divide(signs.fine, signs.coarse, out=zeros, where=signs.coarse > 0)


def usual_state(signs: Signs, seen: Mask) -> CameraReference | None:
    """Return what most of a video shows, or None where it shows no one view.

    Args:
        signs: What was measured of the video.
        seen: Whether a sample shows anything at all.
    """
    if not seen.any():
        return None
    view = median_view(signs.thumbnails[seen])[np.newaxis]
    # Half of the samples are of the usual view, if any is; the others blur the median over all.
    near = likeness(signs.thumbnails, view)
    view = median_view(signs.thumbnails[seen & (near >= np.median(near[seen]))])[np.newaxis]
    usual = seen & (likeness(signs.thumbnails, view) >= ALIKE)
    if usual.sum() < USUAL_SHARE * seen.sum():
        return None
    return CameraReference(
        fine=float(np.median(signs.fine[usual])),
        sharpness=float(np.median(sharpness(signs)[usual])),
        structure=float(np.median(structure(signs.thumbnails[usual]))),
        views=view,
    )


def summarise(videos: Iterable[tuple[Signs, Mask]]) -> CameraReference | None:
    """Return what the samples of several videos show, or None where there are none.

    Args:
        videos: Each video's signs, and which of its samples show the camera as it is when well.
    """
    views: list[npt.NDArray[np.uint8]] = []
    usual: list[npt.NDArray[np.float32]] = []
    for signs, well in videos:
        shown = signs.thumbnails[well]
        usual.append(np.stack([signs.fine[well], sharpness(signs)[well], structure(shown)]))
        for view in _views_of(signs, well):
            if len(views) < MAX_VIEWS and (
                not views or likeness(view[np.newaxis], np.stack(views))[0] < SAME
            ):
                views.append(view)
    if not views:
        return None
    fine, sharp, parts = np.quantile(np.concatenate(usual, axis=1), LOW, axis=1).tolist()
    return CameraReference(fine, sharp, parts, np.stack(views))


def _views_of(signs: Signs, well: Mask) -> Iterator[npt.NDArray[np.uint8]]:
    """Yield what a video shows in each ten minutes."""
    number = (signs.time_start_s - signs.time_start_s[:1]) // VIEW_SECONDS
    for part in np.unique(number[well]):
        yield median_view(signs.thumbnails[well & (number == part)])
