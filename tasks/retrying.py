"""Which failures waiting can cure."""

from __future__ import annotations

from typing import Any

from prefect import Task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun


def is_transient(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
    """Return whether to try again: a flaky disk or network, never a missing file or bad data."""
    error = state.result(raise_on_failure=False)
    return isinstance(error, OSError) and not isinstance(
        error, FileNotFoundError | PermissionError | FileExistsError | NotADirectoryError
    )


# Policy of every task. The warehouse is the record of what is done, so Prefect's cache stays off;
# its default would hash each argument even so.
STEP: dict[str, Any] = {
    "cache_policy": NO_CACHE,
    "retries": 2,
    "retry_delay_seconds": [2, 10],
    "retry_jitter_factor": 0.5,
    "retry_condition_fn": is_transient,
}
