"""What a night costs when nothing is new, with few and with many videos known.

    python -m benchmarks.nothing_new --json
    python -m benchmarks.nothing_new --videos 100 1000 3000 --nights 5 --json

Tiny seeded videos, a small seeded checkpoint and a Prefect server of its own with an SQLite
database. For each number of videos there is one night that embeds what is new (not measured), and
then nights with nothing new. While these run the server is asked twice ten times a second: whether
it is well, and for a run out of its database.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from threading import Event, Thread
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

import av
import numpy as np

from tasks.encoder.seeded import save_seeded_checkpoint

ROOT = Path(__file__).resolve().parents[1]
FRAMES, SIZE = 4, 32
ASK_EVERY_S = 0.1
STARTUP_S = 180.0
HOUR_S = 3600


def write_tiny(path: Path, seed: int) -> None:
    """Write some frames of seeded noise into a file that has settled."""
    rng = np.random.default_rng(seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w", options={"fflags": "+bitexact"}) as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = SIZE, SIZE, "yuv420p"
        for pixels in rng.integers(0, 255, (FRAMES, SIZE, SIZE, 3), dtype=np.uint8):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode(None))
    settled_s = time.time() - HOUR_S
    os.utime(path, (settled_s, settled_s))


@dataclass(frozen=True)
class Server:
    """A Prefect server that is asked over HTTP."""

    url: str

    def ask(self, path: str, body: Any = None) -> Any:
        """Return an answer of the API; a body makes it a POST."""
        content = None if body is None else json.dumps(body).encode()
        request = Request(f"{self.url}/{path}", content, {"content-type": "application/json"})
        with urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def is_up(self) -> bool:
        """Return whether it answers."""
        try:
            return bool(self.ask("health"))
        except (URLError, OSError):
            return False

    def last_night(self) -> dict[str, Any]:
        """Return the run of a night that began last."""
        body = {"flows": {"name": {"any_": ["run-nightly"]}}, "sort": "START_TIME_DESC", "limit": 1}
        (run,) = self.ask("flow_runs/filter", body)
        found: dict[str, Any] = run
        return found


@dataclass
class Prober:
    """Asks a server again and again, and keeps the slowest answers, in seconds."""

    server: Server
    slowest_s: dict[str, float] = field(default_factory=dict)
    asked: int = 0

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Ask until the block ends."""
        done = Event()

        def ask() -> None:
            while not done.wait(ASK_EVERY_S):
                self._time("health", None)
                self._time("flow_runs/filter", {"limit": 1})

        thread = Thread(target=ask)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()

    def _time(self, path: str, body: Any) -> None:
        begun = time.monotonic()
        self.server.ask(path, body)
        taken_s = time.monotonic() - begun
        self.asked += 1
        self.slowest_s[path] = max(self.slowest_s.get(path, 0.0), taken_s)


@contextmanager
def serving(folder: Path) -> Iterator[tuple[Server, dict[str, str]]]:
    """Start a server with a home of its own; yield it and the environment of its clients."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    server = Server(f"http://127.0.0.1:{port}/api")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    environment = {
        **kept,
        "PREFECT_HOME": str(folder / "home"),
        "PREFECT_API_URL": server.url,
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), kept.get("PYTHONPATH")])),
    }
    command = [sys.executable, "-m", "prefect", "server", "start", "--port", str(port), "--no-ui"]
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, cwd=folder, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + STARTUP_S
        while not server.is_up():
            if process.poll() is not None or time.monotonic() > deadline:
                words = (folder / "server.log").read_text()[-2000:]
                sys.exit(f"Prefect's server did not start:\n{words}")
            time.sleep(0.2)
        yield server, environment
    finally:
        process.terminate()
        process.wait(60)


def night(folder: Path, environment: dict[str, str]) -> dict[str, Any]:
    """Run a night; return what it printed, its seconds in all and its peak memory in MiB."""
    command = [
        sys.executable, "-m", "flows.command_line", "nightly", "--footage", folder / "new",
        "--normal", folder / "normal", "--model", folder / "model", "--warehouse",
        folder / "warehouse", "--json",
    ]  # fmt: skip
    begun, peak_kib = time.monotonic(), 0
    with subprocess.Popen(
        list(map(str, command)), env=environment, cwd=folder, stdout=subprocess.PIPE
    ) as run:
        while run.poll() is None:
            peak_kib = max(peak_kib, peak_kib_of(run.pid))
            time.sleep(0.05)
        ended_at = time.time()
        assert run.stdout
        summary: dict[str, Any] = json.loads(run.stdout.read())
    return {
        **summary,
        "command_s": time.monotonic() - begun,
        "ended_at": ended_at,
        "peak_mib": peak_kib / 1024,
    }


def peak_kib_of(pid: int) -> int:
    """Return the most memory that a process ever held, KiB; 0 where it is gone by now."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found[1]) if found else 0


def measure(folder: Path, videos: Sequence[int], nights: int) -> dict[str, Any]:
    """Return what nights with nothing new cost at each number of videos, ascending."""
    save_seeded_checkpoint(folder / "model")
    write_tiny(folder / "normal" / "gate" / "normal.avi", seed=10**6)
    there, found = 0, []
    with serving(folder) as (server, environment):
        for number in sorted(videos):
            for seed in range(there, number):
                write_tiny(folder / "new" / f"camera-{seed % 10}" / f"{seed:06}.avi", seed)
            there = number
            night(folder, environment)
            found.append(nothing_new(folder, server, environment, number, nights))
    growth = found[-1]["peak_mib"] - found[0]["peak_mib"]
    return {"nights": found, "memory_growth_mib": round(growth, 1)}


def nothing_new(
    folder: Path, server: Server, environment: dict[str, str], videos: int, nights: int
) -> dict[str, Any]:
    """Run nights with nothing new and return the worst of each number."""
    prober, seconds, whole, peaks = Prober(server), [], [], []
    with prober.at_work():
        for _ in range(nights):
            told = night(folder, environment)
            assert told["new_videos"] == told["embedded_clips"] == 0, told
            began_at = datetime.fromisoformat(server.last_night()["start_time"]).timestamp()
            seconds.append(told["ended_at"] - began_at)
            whole.append(told["command_s"])
            peaks.append(told["peak_mib"])
    return {
        "videos": videos,
        "seconds_after_startup": round(max(seconds), 2),
        "seconds_in_all": round(max(whole), 2),
        "peak_mib": round(max(peaks), 1),
        "server_slowest_answer_s": {
            path: round(value, 3) for path, value in prober.slowest_s.items()
        },
        "server_was_asked": prober.asked,
    }


def main() -> None:
    """Print the measurement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--videos", type=int, nargs="+", default=[100, 1000])
    parser.add_argument("--nights", type=int, default=3, help="with nothing new, each")
    parser.add_argument("--json", action="store_true", help="the only form there is")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        result = measure(Path(name), options.videos, options.nights)
    sys.stdout.write(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
