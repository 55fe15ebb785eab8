"""The demonstration's footage: several minutes from one camera, with anomalies at known frames."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tasks.scene.backdrop import HEIGHT, WIDTH, draw_backdrop
from tasks.scene.drawing import Picture
from tasks.scene.storyboard import FPS, Movement, anomaly, everyday_traffic

CAMERA = "front-gate"

_NORMAL_VIDEOS = 4
# Per checked video the anomalies, each as kind, start and end as shares of the video.
_SCRIPTS: tuple[tuple[tuple[str, float, float], ...], ...] = (
    (("truck on the pavement", 0.24, 0.34), ("fire", 0.60, 0.80)),
    (),
    (
        ("person running across the road", 0.12, 0.16),
        ("load left on the pavement", 0.32, 0.58),
        ("lens covered", 0.78, 0.90),
    ),
)
_FIRST_RECORDING = datetime(2026, 3, 2, 7, 0, 0, tzinfo=UTC)  # a Monday
_LIGHT_DRIFT = 0.006  # share of the brightness, each way, between videos and within one
_SENSOR_NOISE = 2.0  # grey levels, standard deviation


@dataclass(frozen=True, slots=True)
class Anomaly:
    """Something put into a checked video; 0 <= ``frame_start`` < ``frame_end``.

    Attributes:
        video: File name of the video.
        kind: What it is, as an operator would say it.
        frame_start: First frame that shows it.
        frame_end: First frame that no longer does.
    """

    video: str
    kind: str
    frame_start: int
    frame_end: int

    def __post_init__(self) -> None:
        if not 0 <= self.frame_start < self.frame_end:
            raise ValueError(
                f"an anomaly needs 0 <= frame_start < frame_end, got [{self.frame_start}, "
                f"{self.frame_end}) for {self.kind!r}"
            )


@dataclass(frozen=True, slots=True)
class Scene:
    """The recorded files, in the order of recording, and what is wrong in the checked ones.

    Attributes:
        normal: Videos of everyday traffic alone, to learn from.
        footage: Videos to check.
        anomalies: What was put into the checked videos, in the order of recording.
    """

    normal: tuple[Path, ...]
    footage: tuple[Path, ...]
    anomalies: tuple[Anomaly, ...]


def record_scene(folder: Path, seed: int = 0, *, seconds_per_video: float = 70.0) -> Scene:
    """Draw and record the normal and the checked footage of one camera.

    The same seed gives the same files, byte for byte, on the same machine. Files already there are
    replaced.

    Args:
        folder: Takes ``normal/front-gate`` and ``checked/front-gate``.
        seed: Decides everything that chance decides: texture, traffic, places, light and noise.
        seconds_per_video: Length of each of the seven videos, at least 4; anomalies scale with it.
    """
    if seconds_per_video < 4:
        raise ValueError(f"seconds_per_video must be at least 4, got {seconds_per_video}")
    num_frames = round(seconds_per_video * FPS)
    backdrop = draw_backdrop(np.random.default_rng([seed, 0]))
    normal: list[Path] = []
    footage: list[Path] = []
    anomalies: list[Anomaly] = []
    for index in range(_NORMAL_VIDEOS + len(_SCRIPTS)):
        checked = index >= _NORMAL_VIDEOS
        begin = _begin_of(index, checked=checked)
        part = folder / ("checked" if checked else "normal") / CAMERA
        path = part / f"{begin:%Y%m%d_%H%M%S}.mp4"
        rng = np.random.default_rng([seed, 1 + index])
        movements = everyday_traffic(rng, num_frames)
        for kind, start, end in _SCRIPTS[index - _NORMAL_VIDEOS] if checked else ():
            shift = rng.uniform(-0.02, 0.02)
            span = round((start + shift) * num_frames), round((end + shift) * num_frames)
            anomalies.append(Anomaly(path.name, kind, *span))
            movements += anomaly(kind, rng, *span)
        part.mkdir(parents=True, exist_ok=True)
        write_video(path, draw_frames(backdrop, movements, num_frames, rng), begin)
        (footage if checked else normal).append(path)
    return Scene(tuple(normal), tuple(footage), tuple(anomalies))


def draw_frames(
    backdrop: Picture, movements: Sequence[Movement], num_frames: int, rng: np.random.Generator
) -> Iterator[npt.NDArray[np.uint8]]:
    """Yield the frames of one video, each of shape (240, 320, 3), uint8.

    What stands nearer to the camera hides what stands behind it. Brightness drifts slowly and the
    sensor adds noise.
    """
    phase, period_s = rng.uniform(0, 2 * np.pi), rng.uniform(60, 120)
    level = 1 + rng.uniform(-_LIGHT_DRIFT, _LIGHT_DRIFT)
    for frame in range(num_frames):
        picture = backdrop.copy()
        posed = [(pose, move.paint) for move in movements if (pose := move.pose(frame)) is not None]
        for pose, paint in sorted(posed, key=lambda standing: standing[0].y):
            paint(picture, pose)
        turn = 2 * np.pi * frame / (period_s * FPS) + phase
        picture *= np.float32(level + _LIGHT_DRIFT * np.sin(turn))
        # Grey noise alone: the codec keeps next to nothing of its colour.
        picture += _SENSOR_NOISE * rng.standard_normal((HEIGHT, WIDTH, 1), dtype=np.float32)
        yield np.clip(picture, 0, 255).astype(np.uint8)


def write_video(path: Path, frames: Iterable[npt.NDArray[np.uint8]], begin: datetime) -> None:
    """Record frames of shape (240, 320, 3), uint8, as H.264 in MP4, one at a time."""
    import av

    # The same frames must give the same bytes, or a video's id changes from run to run: with
    # several threads, or with its macroblock tree, x264 now and then decides otherwise.
    options = {"preset": "veryfast", "crf": "23", "x264-params": "mbtree=0"}
    with av.open(str(path), "w", options={"fflags": "+bitexact"}) as container:
        container.metadata["creation_time"] = begin.isoformat()
        stream = container.add_stream("libx264", rate=Fraction(FPS), options=options)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.codec_context.thread_count = 1
        for pixels in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode(None))


def _begin_of(index: int, *, checked: bool) -> datetime:
    """Return when a video was begun: normal ones on one morning, checked ones on the next."""
    if checked:
        return _FIRST_RECORDING + timedelta(days=1, minutes=30 * (index - _NORMAL_VIDEOS))
    return _FIRST_RECORDING + timedelta(minutes=30 * index)
