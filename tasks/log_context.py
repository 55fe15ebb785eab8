"""What a log line says of the run that it is from. Prefect's logging settings name this filter."""

from __future__ import annotations

import logging
import sys
from typing import Any


class RunFilter(logging.Filter):
    """Gives each record its text, and the run in which it was made, where there is one.

    Prefect does so for its own loggers; ours are plain ones, so that they also work outside a run.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Complete a record; none is dropped."""
        record.message = record.getMessage()
        task, flow = _current("TaskRunContext"), _current("FlowRunContext")
        known: dict[str, object] = {}
        if flow is not None and flow.flow_run is not None:
            known["flow_run_id"] = str(flow.flow_run.id)
            known["flow_run_name"] = flow.flow_run.name
            known["flow_name"] = flow.flow.name if flow.flow else None
        if task is not None:
            known["task_run_id"] = str(task.task_run.id)
            known["task_run_name"] = task.task_run.name
            known["task_name"] = task.task.name
        for name, value in known.items():
            if not hasattr(record, name):
                setattr(record, name, value)
        return True


def _current(kind: str) -> Any:
    """Return the run of a kind that this is in, or None.

    Prefect sets up its logging, and with it this filter, while it is still being imported.
    """
    context = getattr(sys.modules.get("prefect.context"), kind, None)
    return context.get() if context is not None else None
