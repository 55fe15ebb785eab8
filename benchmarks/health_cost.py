"""What the signs of a camera's health cost, on top of decoding its footage.

    python -m benchmarks.health_cost --footage VIDEO... --json

Each round decodes a video without and with measuring, in turns; medians over the rounds.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from pathlib import Path

from tasks.video.container import decode, open_stream
from tasks.video.probing import probe_video
from tasks.video.signs import SignsMeter


def seconds(path: Path, measured: bool) -> float:
    """Return the processor time of walking through a video as the probe does."""
    with open_stream(path) as (container, stream):
        assert stream.time_base
        meter = SignsMeter(float(1 / stream.time_base))
        ticks: list[int | None] = []
        start = time.process_time()
        for item in decode(container, stream):
            if not isinstance(item, Exception):
                if measured:
                    meter.look_at(len(ticks), item)
                ticks.append(item.pts)
        return time.process_time() - start


def measure(path: Path, rounds: int) -> dict[str, float | int | str]:
    """Return the median milliseconds a second of footage, without and with measuring."""
    times: dict[bool, list[float]] = {False: [], True: []}
    for number in range(rounds):
        for measured in (False, True) if number % 2 else (True, False):
            times[measured].append(seconds(path, measured))
    alone, both = (statistics.median(times[measured]) for measured in (False, True))
    probe = probe_video(path)
    duration_s = probe.end_time_s - probe.times_s[0]
    stored = sum(getattr(probe.signs, name).nbytes for name in probe.signs.__slots__)
    return {
        "footage": f"{path.name} {probe.width}x{probe.height} {probe.codec}",
        "frames": probe.num_frames,
        "samples": len(probe.signs.frame_start),
        "decode_ms_a_second": alone / duration_s * 1000,
        "with_signs_ms_a_second": both / duration_s * 1000,
        "ratio": both / alone,
        "bytes_an_hour": round(stored / duration_s * 3600),
    }


def main() -> None:
    """Print the measurements."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--footage", type=Path, nargs="+", required=True)
    parser.add_argument("--rounds", type=int, default=21)
    parser.add_argument("--json", action="store_true", help="the only form there is")
    options = parser.parse_args()
    results = [measure(path, options.rounds) for path in options.footage]
    sys.stdout.write(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
