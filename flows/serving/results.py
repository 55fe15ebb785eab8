"""What runs leave in Prefect's store of results: the errors of those that failed."""

from __future__ import annotations

import time
from pathlib import Path


def forget_results(home: Path, keep_s: float) -> int:
    """Remove results that are older, which Prefect never does; return how many."""
    oldest = time.time() - keep_s
    old = [
        path
        for path in (home / "storage").glob("*")
        if path.is_file() and path.stat().st_mtime < oldest
    ]
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)
