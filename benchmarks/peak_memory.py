"""Peak memory of extracting and embedding footage and footage of ten times its length.

    python -m benchmarks.peak_memory --json

Each run is a process of its own; its peak is what the operating system counted.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import av
import numpy as np

from tasks.encoder.seeded import save_seeded_checkpoint

CHILD = """
import contextlib, resource, sys
from flows.command_line.application import main
model, footage, warehouse = sys.argv[1:]
options = ["--model", model, "--warehouse", warehouse, "--json"]
for command in (["extract", "--footage", footage], ["embed"]):
    with contextlib.suppress(SystemExit):  # how a command says that it is done
        main([*command, *options])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, file=sys.stderr)
"""


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


def peak_mib(model: Path, footage: Path, warehouse: Path) -> int:
    """Return the peak memory of extracting and embedding some footage, MiB."""
    command = [sys.executable, "-c", CHILD, str(model), str(footage), str(warehouse)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return int(done.stderr.strip().splitlines()[-1])


def main() -> None:
    """Print the measurement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=250)
    parser.add_argument("--json", action="store_true", help="the only form there is")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = save_seeded_checkpoint(folder / "model")
        peaks = {}
        for times in (1, 10):
            footage = folder / f"{times}.mp4"
            write_noise(footage, options.frames * times)
            peaks[times] = peak_mib(model, footage, folder / f"warehouse-{times}")
    result = {"peak_mib": peaks[1], "ten_times_peak_mib": peaks[10], "ratio": peaks[10] / peaks[1]}
    sys.stdout.write(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
