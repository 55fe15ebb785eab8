"""The command line called in this process, its flows on the tests' Prefect server."""

import json
import logging
import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from prefect import Flow, Task
from prefect.logging.handlers import PrefectConsoleHandler

from flows.command_line.application import main
from tests.checkpoints import save_shape


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        parsed: dict[str, Any] = json.loads(self.out)
        return parsed


Nightjar = Callable[..., Result]


@pytest.fixture
def nightjar(api_url: str, command_line: Nightjar) -> Nightjar:
    """Return a function that runs the command line in this process, its flows on a server."""
    assert api_url
    return command_line


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Call flows and tasks as the functions that they are, and count them.

    For what flows do in which order, not for what Prefect makes of it: a night takes seconds less.
    """
    counted: Counter[str] = Counter()

    def call(self: Flow[..., Any] | Task[..., Any], *arguments: Any, **more: Any) -> Any:
        counted[type(self).__name__] += 1
        return self.fn(*arguments, **more)

    for kind in (Flow, Task):
        monkeypatch.setattr(kind, "__call__", call)
    for artifact in (
        "tasks.nights.create_markdown_artifact",
        "tasks.estimation.create_markdown_artifact",
        "tasks.progress.create_progress_artifact",
        "tasks.progress.update_progress_artifact",
    ):
        monkeypatch.setattr(artifact, lambda *_, **__: None)
    return counted


def hush() -> None:
    """Keep Prefect's log off the console: set up once a process, it knows no command's wishes."""
    for name in logging.root.manager.loggerDict:
        for handler in logging.getLogger(name).handlers:
            if isinstance(handler, PrefectConsoleHandler):
                handler.setLevel(logging.CRITICAL)


@pytest.fixture
def command_line(capfd: pytest.CaptureFixture[str]) -> Nightjar:
    """Return a function that runs the command line in this process."""

    def run(*arguments: str | Path) -> Result:
        environment = dict(os.environ)
        hush()
        capfd.readouterr()
        code = 0
        try:
            main([str(argument) for argument in arguments])
        except SystemExit as end:
            code = int(end.code or 0)
        finally:
            os.environ.clear()
            os.environ.update(environment)
        return Result(code, *capfd.readouterr())

    return run


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_shape("small", tmp_path_factory.mktemp("checkpoint") / "small")
