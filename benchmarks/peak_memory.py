"""Peak memory of a whole run: of footage and of ten times its length, or of footage at hand.

    python -m benchmarks.peak_memory --json
    python -m benchmarks.peak_memory --normal VIDEO --footage FOLDER --json

Every process of the run is counted, the embedded Prefect server and the decoding child among them;
what several of them share is counted once (proportional set size, sampled).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import av
import numpy as np
import psutil

from tasks.encoder.seeded import save_seeded_checkpoint

SAMPLE_EVERY_S = 0.1


def write_noise(path: Path, num_frames: int) -> None:
    """Write 720p footage that compresses badly, so that held packets would show."""
    rng = np.random.default_rng(0)
    still = rng.integers(0, 255, (720, 1280, 3), dtype=np.uint8)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 1280, 720, "yuv420p"
        for index in range(num_frames):
            pixels = np.roll(still, index * 7 % 1280, axis=1)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode(None))


def measure(model: Path, normal: Path, footage: Path, folder: Path) -> dict[str, Any]:
    """Run the whole job and return its summary, with the peak memory of its processes in MiB."""
    command = [
        sys.executable, "-m", "flows.command_line", "run", "--normal", normal, "--footage", footage,
        "--model", model, "--warehouse", folder, "--settle-s", "0", "--json",
    ]  # fmt: skip
    with subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE) as run:
        peak = 0
        while run.poll() is None:
            peak = max(peak, held_bytes(run.pid))
            time.sleep(SAMPLE_EVERY_S)
        assert run.stdout
        summary: dict[str, Any] = json.loads(run.stdout.read())
    return {"peak_mib": peak >> 20, **summary}


def held_bytes(pid: int) -> int:
    """Return the memory that a process and all below it hold now."""
    held = 0
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        for member in (process, *process.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                held += member.memory_full_info().pss
    return held


def compare_lengths(frames: int, folder: Path) -> dict[str, Any]:
    """Return the peaks for footage and for footage of ten times its length."""
    model = save_seeded_checkpoint(folder / "model")
    peaks = {}
    for times in (1, 10):
        footage = folder / f"{times}.mp4"
        write_noise(footage, frames * times)
        peaks[times] = measure(model, footage, footage, folder / f"{times}")["peak_mib"]
    return {
        "peak_mib": peaks[1],
        "ten_times_peak_mib": peaks[10],
        "ratio": round(peaks[10] / peaks[1], 3),
    }


def main() -> None:
    """Print the measurement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=250)
    parser.add_argument("--normal", type=Path)
    parser.add_argument("--footage", type=Path)
    parser.add_argument("--json", action="store_true", help="the only form there is")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if options.footage:
            model = save_seeded_checkpoint(folder / "model")
            result = measure(model, options.normal, options.footage, folder / "warehouse")
        else:
            result = compare_lengths(options.frames, folder)
    sys.stdout.write(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
