"""What a threshold costs on a month of one camera: 8 million rows of normal scores.

    python -m benchmarks.calibration_speed --json

The scores are synthetic: autocorrelated, with an exponential tail, ten videos in all.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from collections.abc import Callable

import numpy as np
from scipy.signal import lfilter
from scipy.stats import norm

from tasks.normality.events import MERGED, RAW, EventRule, find_events
from tasks.normality.recurrence import Calibration, Recurrence
from tasks.normality.series import ScoreSeries
from tasks.normality.thresholds import ThresholdRule

ROW_S = 1 / 3  # a month is 8 million tubelets of 8 frames at 25 a second, about
VIDEOS = 10


def synthetic(rows: int, seed: int) -> ScoreSeries:
    """Return the scores of one video."""
    noise = np.random.default_rng(seed).standard_normal(rows)
    scores = -norm.logsf(lfilter([np.sqrt(1 - 0.9**2)], [1, -0.9], noise))
    frames = np.arange(rows + 1) * 8
    times = np.arange(rows + 1, dtype=np.float64) * ROW_S
    return ScoreSeries(frames[:-1], frames[1:], times[:-1], times[1:], scores)


def peak_mib() -> float:
    """Return the most memory that the process has held, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(rows: int) -> list[dict[str, float | str]]:
    """Return the seconds that each kind of threshold, and finding events, takes."""
    normal = Calibration([synthetic(rows // VIDEOS, seed) for seed in range(VIDEOS)])
    smooth = EventRule(smooth_s=2.0, merge_gap_s=5.0)
    full = EventRule(2.0, False, 0.8, 5.0, 1.0, 1.0)

    def calibrate(text: str, rule: EventRule) -> Callable[[], str]:
        return lambda: ThresholdRule.parse(text).calibrate(Recurrence(normal, rule)).words

    def find(threshold: float) -> Callable[[], str]:
        return lambda: f"{sum(len(find_events(v, threshold, full)) for v in normal.videos)} events"

    cases = {
        "quantile:0.999": calibrate("quantile:0.999", RAW),
        "budget:1/day": calibrate("budget:1/day", MERGED),
        "budget:1/day, smoothed": calibrate("budget:1/day", smooth),
        "budget:1/day, smoothed, hysteresis and padding": calibrate("budget:1/day", full),
        "events of a high threshold": find(6.0),
        "events of a low threshold": find(1.5),
    }
    results: list[dict[str, float | str]] = []
    for name, run in cases.items():
        start = time.perf_counter()
        words = run()
        took = time.perf_counter() - start
        results.append({"case": name, "rows": rows, "seconds": took, "result": words})
        results[-1]["peak_mib_so_far"] = peak_mib()
    return results


def main() -> None:
    """Print the measurements."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=8_000_000)
    parser.add_argument("--json", action="store_true", help="the only form there is")
    options = parser.parse_args()
    sys.stdout.write(json.dumps(measure(options.rows), indent=2) + "\n")


if __name__ == "__main__":
    main()
