"""The command as a process of its own: what it prints where, and what a kill leaves behind."""

import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.footage import ROOT, write_video
from tests.prefect_home import prefect_home

COMMAND = [sys.executable, "-m", "flows.command_line"]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return prefect_home(tmp_path_factory)


@pytest.fixture
def environment(home: Path) -> dict[str, str]:
    """Return an environment with no server configured and a Prefect home of its own."""
    kept = {name: value for name, value in os.environ.items() if name != "PREFECT_API_URL"}
    return {**kept, "PREFECT_HOME": str(home)}


@pytest.fixture
def arguments(tmp_path: Path, model: Path) -> list[str]:
    normal = write_video(tmp_path / "door" / "normal.avi", 200)
    footage = write_video(tmp_path / "door" / "new.avi", 100, seed=1)
    words = ("run", "--normal", normal, "--footage", footage, "--model", model, "--json")
    return [*map(str, words), "--batch-size", "1", "--warehouse", str(tmp_path / "warehouse")]


def processes_with(word: str) -> list[str]:
    """Return the command lines of running processes that mention a word of their environment."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if word.encode() in (folder / "environ").read_bytes():
                found.append((folder / "cmdline").read_text().replace("\0", " "))
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
    return found


def servers_of(parent: int) -> list[int]:
    """Return the embedded servers among the children of a process."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    lines = {int(pid): Path(f"/proc/{pid}/cmdline").read_bytes() for pid in children}
    return [pid for pid, line in lines.items() if b"embedded_server" in line]


def ignored_by(pid: int) -> set[int]:
    """Return the signals that a process ignores."""
    (line,) = [
        line for line in Path(f"/proc/{pid}/status").read_text().split("\n") if "SigIgn" in line
    ]
    mask = int(line.split()[1], 16)
    return {number for number in range(1, 32) if mask >> (number - 1) & 1}


def wait_until(condition: object, seconds: float) -> None:
    assert callable(condition)
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_killed_run_leaves_no_server_and_is_taken_up_again(
    environment: dict[str, str], arguments: list[str], tmp_path: Path
) -> None:
    shards = tmp_path / "warehouse" / "embeddings"
    with subprocess.Popen(
        [*COMMAND, *arguments], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL
    ) as run:
        wait_until(lambda: list(shards.rglob("part-*.parquet")), seconds=120)
        # What ends a whole group or unit of processes reaches the server too. If it ended before
        # the run could tell it that it was ended, the run would look for it for minutes.
        (server,) = servers_of(run.pid)
        assert {signal.SIGTERM, signal.SIGINT, signal.SIGHUP} <= ignored_by(server)
        run.send_signal(signal.SIGKILL)
    wait_until(lambda: not processes_with(environment["PREFECT_HOME"]), seconds=20)

    committed = {path: path.read_bytes() for path in shards.rglob("part-*.parquet")}
    again = subprocess.run(
        [*COMMAND, *arguments], cwd=ROOT, env=environment, capture_output=True, check=True
    )
    assert json.loads(again.stdout)["embedded_clips"] < 13 + 7
    assert all(path.read_bytes() == content for path, content in committed.items())


def test_a_terminal_shows_the_progress_and_the_log_and_standard_output_one_document(
    environment: dict[str, str], arguments: list[str]
) -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [*COMMAND, *arguments, "--verbose"], cwd=ROOT,
        env={**environment, "TERM": "xterm", "COLUMNS": "140"},
        stdout=subprocess.PIPE, stderr=theirs,
    ) as run:  # fmt: skip
        os.close(theirs)
        seen = b""
        while chunk := _read(ours):
            seen += chunk
        assert run.stdout is not None
        document = json.load(run.stdout)
    os.close(ours)
    assert document["embedded_clips"] == 13 + 7
    for word in ("embedding", "20/20 clips", "2/2 videos", "clips/s", "extracting", "run-pipeline"):
        assert word in seen.decode()


def test_a_refused_command_has_not_waited_for_its_server_and_leaves_none(
    environment: dict[str, str], tmp_path: Path
) -> None:
    environment["PREFECT_HOME"] = str(tmp_path / "prefect")
    arguments = ("run", "--normal", "x", "--footage", "x", "--stride", "0")
    done = subprocess.run([*COMMAND, *arguments], cwd=ROOT, env=environment, capture_output=True)
    assert done.returncode == 2
    assert not processes_with(environment["PREFECT_HOME"])
    assert not (tmp_path / "prefect" / "prefect.db").exists()


def test_a_command_whose_flow_fails_says_one_line(
    environment: dict[str, str], tmp_path: Path
) -> None:
    arguments = ("score", "--profile", "none", "--warehouse", str(tmp_path))
    done = subprocess.run(
        [*COMMAND, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1, done.stderr  # and nothing of a server that is gone
    assert not processes_with(environment["PREFECT_HOME"])


def test_the_server_that_prefects_profile_names_is_the_one_that_is_used(
    environment: dict[str, str], tmp_path: Path, api_url: str
) -> None:
    home = tmp_path / "prefect"
    home.mkdir()
    (home / "profiles.toml").write_text(
        f'active = "site"\n[profiles.site]\nPREFECT_API_URL = "{api_url}"\n', encoding="utf-8"
    )
    environment["PREFECT_HOME"] = str(home)
    arguments = ("report", "list", "--json", "--warehouse", str(tmp_path / "warehouse"))
    done = subprocess.run(
        [*COMMAND, *arguments], cwd=ROOT, env=environment, capture_output=True, check=True
    )
    assert json.loads(done.stdout) == {"reports": []}
    assert not (home / "prefect.db").exists(), "a server of its own has begun"


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # Linux's way to say that the other side is closed
        return b""
