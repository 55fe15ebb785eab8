"""Decoded frames turned into RGB: upright, all of one size, and no more of each than is wanted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

import numpy as np
import numpy.typing as npt

from tasks.video.probing import quarter_turns
from tasks.video.region import Region

if TYPE_CHECKING:
    from av.filter import Graph
    from av.video.frame import VideoFrame

# What cameras record. A pixel's colour is that of its own two by two pixels, so a part of a frame
# that begins at an even pixel has the colours that it has in the whole.
CROPPED_FORMATS = frozenset({"yuv420p", "yuvj420p"})


@dataclass(slots=True, eq=False)
class Conversion:
    """Converts frames of one video.

    Attributes:
        region: What is wanted of each; all of it unless given.
        size: (width, height) that all are brought to: a stream may change its size, a clip cannot.
    """

    region: Region | None = None
    size: tuple[int, int] | None = None
    _crops: dict[str, Graph] = field(default_factory=dict)

    def see(self, frame: VideoFrame) -> None:
        """Take note of a frame, wanted or not: the first one says how large all are."""
        self.size = self.size or (frame.width, frame.height)

    def pixels(self, frame: VideoFrame) -> npt.NDArray[np.uint8]:
        """Return the RGB pixels of the region of a frame that was seen, (H, W, C)."""
        assert self.size is not None
        turns = quarter_turns(frame)
        same = (frame.width, frame.height) == self.size and frame.format.name in CROPPED_FORMATS
        if self.region is not None and same and not turns:
            part = self._cropped(frame, self.region)
            return _rgb(part, (part.width, part.height))
        upright = np.ascontiguousarray(np.rot90(_rgb(frame, self.size), turns))
        return upright if self.region is None else self.region.of(upright)

    def _cropped(self, frame: VideoFrame, region: Region) -> VideoFrame:
        """Return a part of a frame, whose numbers stay where they are."""
        kind = frame.format.name
        if kind not in self._crops:
            self._crops[kind] = _crop_to(region, frame)
        self._crops[kind].push(frame)
        return cast("VideoFrame", self._crops[kind].pull())


def _rgb(frame: VideoFrame, size: tuple[int, int]) -> npt.NDArray[np.uint8]:
    """Return the pixels of a frame brought to a size, (width, height)."""
    # On one thread: beside decoders on all cores, two would wait for each other at every frame.
    picture = frame.reformat(*size, "rgb24", threads=1)
    return cast("npt.NDArray[np.uint8]", picture.to_ndarray())


def _crop_to(region: Region, frame: VideoFrame) -> Graph:
    """Return what crops frames like one to a region."""
    from av.filter import Graph

    graph = Graph()
    source = graph.add_buffer(width=frame.width, height=frame.height, format=frame.format,
                              time_base=frame.time_base)  # fmt: skip
    width, height = region.right - region.left, region.bottom - region.top
    crop = graph.add("crop", f"{width}:{height}:{region.left}:{region.top}:exact=1")
    sink = graph.add("buffersink")
    source.link_to(crop)
    crop.link_to(sink)
    graph.configure()
    return graph
