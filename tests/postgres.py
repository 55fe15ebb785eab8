"""A Postgres cluster of a test's own, from the programs of the machine."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.prefect_api import free_port


def programs() -> Path | None:
    """Return the folder of Postgres's programs, if they are there."""
    on_path = shutil.which("initdb")
    found = [Path(on_path)] if on_path else [*Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    return found[0].resolve().parent if found else None


def is_wanted() -> bool:
    """Return whether tests run on Postgres: it is there, or has to be."""
    return programs() is not None or os.environ.get("REQUIRE_POSTGRES") == "1"


class Cluster:
    """A cluster that can be stopped and started again."""

    def __init__(self, folder: Path) -> None:
        found = programs()
        if found is None:
            pytest.fail("no Postgres on this machine (apt-get install postgresql)")
        self._programs, self._folder, self._port = found, folder, free_port()
        # Postgres refuses to run as root.
        self._user = "nobody" if os.geteuid() == 0 else None
        if self._user:
            shutil.chown(folder, self._user)
        options = ["--username=nightjar", "--auth=trust", "--no-sync", "--encoding=UTF8"]
        self._run("initdb", *options)

    @property
    def url(self) -> str:
        return f"postgresql+asyncpg://nightjar@127.0.0.1:{self._port}/postgres"

    def start(self) -> None:
        listen = f"-p {self._port} -c listen_addresses=127.0.0.1 -c fsync=off -k ''"
        self._run("pg_ctl", "-o", listen, "-l", str(self._folder / "log"), "-w", "start")

    def stop(self) -> None:
        self._run("pg_ctl", "-m", "immediate", "-w", "stop")

    def _run(self, program: str, *arguments: str) -> None:
        place = ["--pgdata", str(self._folder / "data")]
        subprocess.run(
            [str(self._programs / program), *place, *arguments], check=True, cwd=self._folder,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, user=self._user,
        )  # fmt: skip


@contextmanager
def cluster() -> Iterator[Cluster]:
    """Start a cluster and yield it."""
    with tempfile.TemporaryDirectory(prefix="nightjar-postgres-") as folder:
        made = Cluster(Path(folder))
        made.start()
        try:
            yield made
        finally:
            made.stop()
