"""Mutated footage against the child process that opens it: nothing may reach the run.

    python -m benchmarks.fuzz_footage --footage ../shared/zoo --files 2000 --seed 0 --json

Each file is a seeded mutation of one of the footage's. It must end as read, with as many frames as
were probed, or as refused with a reason; anything else stops the campaign with the file kept.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np

from tasks.video.decoding import VideoShape
from tasks.video.errors import FootageChangedError, UnreadableVideoError
from tasks.video.isolated_reader import IsolatedReader
from tasks.video.isolation import FootageProcess, Limits

LARGEST = 4 << 20  # larger seeds cost time and exercise no more of a parser


def mutate(content: bytes, rng: np.random.Generator) -> bytes:
    """Return a mutation: flipped, overwritten, removed, doubled or cut-off bytes."""
    data = bytearray(content)
    for _ in range(int(rng.integers(1, 6))):
        if not data:
            break
        # Half of the damage goes to the header, where parsers live.
        reach = len(data) if rng.random() < 0.5 else min(len(data), 2048)
        place = int(rng.integers(reach))
        length = int(rng.integers(1, 64))
        kind = rng.integers(6)
        if kind == 0:
            data[place] ^= 1 << int(rng.integers(8))
        elif kind == 1:
            data[place : place + length] = rng.bytes(length)
        elif kind == 2:
            data[place : place + 4] = b"\xff\xff\xff\xff"
        elif kind == 3:
            del data[place : place + length]
        elif kind == 4:
            data[place:place] = data[place : place + length]
        else:
            del data[place + int(rng.integers(len(data) - place + 1)) :]
    return bytes(data)


def outcome_of(footage: FootageProcess, path: Path) -> str:
    """Return how a file ends: read, or why not."""
    try:
        probe = footage.probe(path)
    except UnreadableVideoError as error:
        return f"refused: {error.reason}"
    shape = VideoShape(probe.num_frames, probe.width, probe.height, bool(probe.damage), probe.bits)
    reader = IsolatedReader(footage, path, shape)
    wanted = np.arange(min(probe.num_frames, 64))
    try:
        frames = sum(1 for _ in reader.read(wanted))
    except (UnreadableVideoError, FootageChangedError) as error:
        return "refused while read: " + re.sub(r"'.*'", "it", str(error))
    assert frames == len(wanted), f"{frames} of {len(wanted)} frames"
    return f"read by {reader.decoder}"


def main() -> None:
    """Run the campaign and print what became of the files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--footage", type=Path, required=True)
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="the only form there is")
    options = parser.parse_args()
    seeds = [path for path in sorted(options.footage.rglob("*")) if path.is_file()]
    seeds = [path for path in seeds if path.stat().st_size <= LARGEST]
    outcomes: Counter[str] = Counter()
    slowest = 0.0
    with tempfile.TemporaryDirectory() as folder, FootageProcess(Limits(deadline_s=20)) as footage:
        for number in range(options.files):
            rng = np.random.default_rng([options.seed, number])
            seed = seeds[number % len(seeds)]
            path = Path(folder, f"mutant{seed.suffix}")
            path.write_bytes(mutate(seed.read_bytes(), rng))
            start = time.perf_counter()
            outcomes[outcome_of(footage, path)] += 1
            slowest = max(slowest, time.perf_counter() - start)
            path.unlink()
    result = {
        "files": options.files,
        "seed": options.seed,
        "slowest_s": round(slowest, 1),
        "outcomes": dict(outcomes.most_common()),
    }
    sys.stdout.write(json.dumps(result, indent=2) + "\n")
    # A child that ends in an exception is a fault of ours, not of the file.
    sys.exit(any("exit code" in outcome for outcome in outcomes))


if __name__ == "__main__":
    main()
