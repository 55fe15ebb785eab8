"""Prefect homes whose database is there already: it takes Prefect many seconds to make one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from filelock import FileLock

DATABASE = "prefect.db"
MAKE = (
    "import asyncio; from prefect.server.database import provide_database_interface as database; "
    "asyncio.run(database().create_db())"
)


def prefect_home(factory: pytest.TempPathFactory) -> Path:
    """Return a new home with an empty database: a copy of the one that this run of tests made."""
    # Workers of xdist have a folder each below the run's.
    run = factory.getbasetemp()
    known = (run.parent if "PYTEST_XDIST_WORKER" in os.environ else run) / DATABASE
    home = factory.mktemp("prefect")
    with FileLock(known.with_suffix(".lock")):
        if not known.exists():
            with TemporaryDirectory() as first:
                environment = {**os.environ, "PREFECT_HOME": first}
                subprocess.run([sys.executable, "-c", MAKE], env=environment, check=True)
                # With its write-ahead log folded in, the file is all of the database.
                shutil.copy(Path(first, DATABASE), known)
    shutil.copy(known, home)
    return home
