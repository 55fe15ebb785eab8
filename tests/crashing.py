"""The whole job in processes that can be killed, started in no time: forks of one that is ready.

    python -m tests.crashing MODEL

reads requests from standard input, one JSON object a line, and answers each with one. A request is
run in a fork; ``moment`` says at which step of its commits the fork kills itself, ``after_s`` when
it is killed from outside. There is no Prefect: tasks are called in turn, as flows call them.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from storage import local_folder
from tasks.embedding import (
    embed_videos,
    encoder_of,
    identify,
    plan_embedding,
    wait_for_others,
)
from tasks.embedding_jobs import Embedded
from tasks.extraction import find_new_files, forget_moved, probe_files
from tasks.findings import Finding
from tasks.normal_choice import choose_normal
from tasks.parameters import Archive, Encoding, Period, ProfileOptions, Scoring
from tasks.profiling import commit_profile
from tasks.scoring import choose_scored, write_report
from tasks.verification import (
    check_folders,
    check_footage,
    check_profiles,
    check_reports,
    check_shards,
    plan_shard_checks,
    sum_up,
)


def run(place: str, model: str, normal: str, footage: str) -> int:
    """Do what ``nightjar run`` does, and return the clips that were embedded."""
    archive = Archive(settle_s=0)
    encoding = Encoding(model=model, stride=2, batch_size=1)
    both = [normal, footage]
    batches = find_new_files.fn(place, both, archive)
    for batch in batches:
        probe_files.fn(place, batch, archive)
    forget_moved.fn(place, [path for batch in batches for path in batch])
    identity = identify.fn(encoding)
    jobs = plan_embedding.fn(place, identity, both, present=True)
    done = sum((embed_videos.fn(place, encoding, identity, batch) for batch in jobs), Embedded())
    if done.busy:
        wait_for_others.fn(place, identity, done.busy)
        done += embed_videos.fn(place, encoding, identity, done.busy)
    videos = choose_normal.fn(place, [normal], identity.encoder_id, True, Period())
    built = commit_profile.fn(place, "default", videos, ProfileOptions(), "build")
    chosen = choose_scored.fn(place, built.ref, [footage], present=True, normal=[normal])
    write_report.fn(place, built.ref, "quantile:0.99", chosen, Scoring())
    return done.clips


def findings(place: str) -> list[Finding]:
    """Return what ``nightjar verify`` finds."""
    checked = [check_shards.fn(place, batch) for batch in plan_shard_checks.fn(place)]
    beside = (check_folders, check_footage, check_profiles, check_reports)
    verdict = sum_up.fn([*checked, *(check.fn(place) for check in beside)])
    return list(verdict.findings)


def kill_at(number: int) -> None:
    """Let this process kill itself before or after a step of a commit: a sync, or a rename."""
    left = iter(range(number))

    def passing(work: Callable[..., Any]) -> Callable[..., Any]:
        def step(*arguments: Any) -> Any:
            _die_unless(left)
            result = work(*arguments)
            _die_unless(left)
            return result

        return step

    setattr(local_folder, "_sync", passing(local_folder._sync))  # noqa: B010
    for name in ("replace", "rename"):
        setattr(Path, name, passing(getattr(Path, name)))


def count_moments(request: dict[str, Any]) -> dict[str, Any]:
    """Run undisturbed and return how many moments there are to die at, and how long it took."""
    counted: list[int] = []
    original = _die_unless.__globals__["_reached"]
    _die_unless.__globals__["_reached"] = counted.append
    kill_at(sys.maxsize)
    start = time.monotonic()
    clips = run(**request)
    _die_unless.__globals__["_reached"] = original
    return {"moments": len(counted), "seconds": time.monotonic() - start, "clips": clips}


def _reached(_: int) -> None:
    """Take note of a moment; ``count_moments`` puts a counter in its place."""


def _die_unless(left: Any) -> None:
    """Count a moment, and die at the last one as a power cut would have it: at once."""
    _reached(0)
    if next(left, None) is None:
        os.kill(os.getpid(), signal.SIGKILL)


def serve() -> None:
    """Answer requests until standard input ends."""
    for line in sys.stdin:
        request = json.loads(line)
        moment, after_s = request.pop("moment", None), request.pop("after_s", None)
        counting = request.pop("count", False)
        read, write = os.pipe()
        child = os.fork()
        if not child:
            os.close(read)
            if moment is not None:
                kill_at(moment)
            done = count_moments(request) if counting else {"clips": run(**request)}
            os.write(write, json.dumps(done).encode())
            os._exit(0)
        os.close(write)
        if after_s is not None:
            time.sleep(after_s)
            os.kill(child, signal.SIGKILL)
        answer = os.read(read, 65_536)
        os.close(read)
        _, status = os.waitpid(child, 0)
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        result = {"killed": killed, "failed": bool(status) and not killed}
        print(json.dumps({**result, **json.loads(answer or b"{}")}), flush=True)  # noqa: T201


def random_moments(seed: int, number: int, seconds: float) -> list[float]:
    """Return seeded random moments of a run that takes some seconds."""
    chosen = random.Random(seed)
    return [chosen.uniform(0, seconds) for _ in range(number)]


if __name__ == "__main__":
    import torch

    torch.set_num_threads(1)  # a fork of a process that has threads may lock up
    ready = Encoding(model=sys.argv[1], stride=2, batch_size=1)
    encoder_of(ready, identify.fn(ready))
    serve()
