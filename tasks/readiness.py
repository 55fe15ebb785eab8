"""What a machine must have before it can do a night's work: Python, packages, decoders, encoder."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, metadata, requires, version
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from tasks.encoder.availability import find_checkpoint
from tasks.encoder.device import choose_device
from tasks.encoder.errors import (
    CheckpointUnreachableError,
    DeviceUnavailableError,
    EncoderError,
)
from tasks.video.decoding import VideoShape
from tasks.video.errors import DecodersUnusableError, VideoError
from tasks.video.isolated_reader import IsolatedReader
from tasks.video.isolation import FootageProcess

if TYPE_CHECKING:
    from tasks.encoder.checkpoint import Checkpoint

PACKAGE = "nightjar"
CONSTRAINTS = Path(__file__).resolve().parents[1] / "constraints.txt"
TESTED_PYTHON = "3.11"
TRIAL_FRAMES = 16
State = Literal["ok", "warning", "failing"]


@dataclass(frozen=True, slots=True)
class Check:
    """What was looked at, and whether it is ready.

    Attributes:
        name: What was looked at.
        state: Whether it is ready; a warning is something that work can begin without.
        what: What was found.
        remedy: What to do, in one sentence; empty where all is well.
    """

    name: str
    state: State
    what: str
    remedy: str = ""

    def __post_init__(self) -> None:
        if (self.state == "ok") is bool(self.remedy):
            raise ValueError(f"{self.name}: a remedy belongs to what is not ready, and only there")


def check_python() -> Check:
    """Return whether this Python can run nightjar, and is the one it was tested on."""
    running = ".".join(map(str, sys.version_info[:3]))
    try:
        needed = metadata(PACKAGE)["Requires-Python"]
    except PackageNotFoundError:
        remedy = "install it with 'pip install --editable .' in its folder"
        return Check("python", "failing", f"{running}, and nightjar is not installed", remedy)
    if running not in SpecifierSet(needed):
        remedy = f"make the environment anew with Python {TESTED_PYTHON}"
        return Check("python", "failing", f"{running}, and nightjar needs {needed}", remedy)
    if not running.startswith(f"{TESTED_PYTHON}."):
        remedy = f"prefer Python {TESTED_PYTHON} where it matters"
        return Check("python", "warning", f"{running}; tested is {TESTED_PYTHON}", remedy)
    return Check("python", "ok", running)


def check_packages() -> Check:
    """Return whether what nightjar requires is installed, in the versions that were tested."""
    remedy = "run 'make install', or pip install --constraint constraints.txt --editable ."
    try:
        needed = [Requirement(text) for text in _requirements()]
        needed = [need for need in needed if not need.marker or need.marker.evaluate({"extra": ""})]
        unmet = [
            f"{need.name} {_installed(need.name) or 'is missing'} (needed: {need.specifier})"
            for need in needed
            if (found := _installed(need.name)) is None or found not in need.specifier
        ]
    except ValueError as error:  # of a version that is none
        return Check("packages", "failing", words_of(error), remedy)
    if unmet:
        return Check("packages", "failing", ", ".join(unmet), remedy)
    pins = dict(_pins())
    if not pins:
        return Check("packages", "ok", f"all {len(needed)} requirements; no pins to compare with")
    found_pins = {name: found for name in pins if (found := _installed(name)) is not None}
    others = [
        f"{name} {found} (tested: {pins[name]})"
        for name, found in found_pins.items()
        if found.partition("+")[0] != pins[name]  # 2.13.0+cpu is a build of 2.13.0
    ]
    if others:
        remedy = "run 'make install' for the versions that were tested together"
        return Check("packages", "warning", ", ".join(others), remedy)
    return Check("packages", "ok", f"{len(needed)} requirements, {len(found_pins)} as pinned")


def check_decoders() -> Check:
    """Return whether both decoders read a small video, in the child process that opens footage."""
    remedy = "reinstall av and decord in the versions of constraints.txt"
    try:
        with tempfile.TemporaryDirectory(prefix="nightjar-doctor-") as folder:
            video = Path(folder) / "trial.mp4"
            _write_trial(video)
            with FootageProcess() as footage:
                probe = footage.probe(video)
                shape = VideoShape(len(probe.times_s), probe.width, probe.height)
                for decoder in ("pyav", "decord"):
                    reader = IsolatedReader(footage, video, shape, decoder)
                    frames = sum(1 for _ in reader.read(range(shape.num_frames)))
                    if frames != TRIAL_FRAMES:
                        what = f"{decoder} reads {frames} of {TRIAL_FRAMES} frames"
                        return Check("decoders", "failing", what, remedy)
    except (VideoError, ImportError, OSError, ValueError) as error:
        return Check("decoders", "failing", words_of(error), remedy)
    return Check(
        "decoders", "ok", f"PyAV {_installed('av')} and decord {_installed('decord')} decode"
    )


def check_device(name: str, precision: str = "float32") -> Check:
    """Return whether the device asked for is there and computes, and is one for the precision."""
    try:
        import torch

        device = choose_device(name)
        total = float(torch.ones(8, device=device).sum())
    except (DeviceUnavailableError, ImportError) as error:
        remedy = "ask for another --device, or install the torch that knows it"
        return Check("device", "failing", words_of(error), remedy)
    except RuntimeError as error:  # a driver that is there and does not work
        return Check("device", "failing", words_of(error), "mend its driver, or use --device cpu")
    if total != 8:
        what = f"{device.type} adds eight ones up to {total:g}"
        return Check("device", "failing", what, "do not trust this device")
    threads = f", {torch.get_num_threads()} threads" if device.type == "cpu" else ""
    if device.type == "cpu" and precision == "bfloat16":
        what = f"cpu{threads}: bfloat16 took one without instructions for it 6 to 12 times as long"
        return Check("device", "warning", what, "use --precision float32, or a GPU")
    return Check("device", "ok", f"{device.type}{threads}")


def check_checkpoint(checkpoint: Checkpoint) -> Check:
    """Return whether the checkpoint is here or to be had; its weights are not loaded."""
    try:
        return Check("checkpoint", "ok", find_checkpoint(checkpoint))
    except CheckpointUnreachableError as error:
        remedy = (
            f"fetch it once with 'hf download {checkpoint.model} --revision "
            f"{checkpoint.hub_revision}', or give a local checkpoint with --model DIR"
        )
        return Check("checkpoint", "failing", words_of(error), remedy)
    except EncoderError as error:
        remedy = "give --model a hub id, or the folder of a VideoMAE with its safetensors"
        return Check("checkpoint", "failing", words_of(error), remedy)


def words_of(error: BaseException) -> str:
    """Return what an error says on one line, or else its kind."""
    return " ".join(str(error).split()) or type(error).__name__


def _requirements() -> list[str]:
    """Return what nightjar and its extras require."""
    try:
        return requires(PACKAGE) or []
    except PackageNotFoundError:
        return []  # 'check_python' says so


def _installed(name: str) -> str | None:
    """Return the version of a package, or None where there is none."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _pins() -> Iterator[tuple[str, str]]:
    """Yield the packages of constraints.txt and their versions, where that file came along."""
    if CONSTRAINTS.is_file():
        for line in CONSTRAINTS.read_text(encoding="utf-8").splitlines():
            name, _, pinned = line.partition("==")
            if pinned and not name.startswith("#"):
                yield name, pinned


def _write_trial(path: Path) -> None:
    """Write a small grey video that grows lighter.

    Raises:
        DecodersUnusableError: PyAV cannot.
    """
    import av
    import numpy as np

    try:
        with av.open(str(path), "w") as container:
            stream = container.add_stream("mpeg4", rate=25)
            assert isinstance(stream, av.VideoStream)
            stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
            for index in range(TRIAL_FRAMES):
                grey = np.full((64, 96, 3), 40 + 10 * index, dtype=np.uint8)
                container.mux(stream.encode(av.VideoFrame.from_ndarray(grey, format="rgb24")))
            container.mux(stream.encode(None))
    except av.FFmpegError as error:
        raise DecodersUnusableError(f"PyAV writes no video: {error}") from error
