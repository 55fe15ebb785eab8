"""Backtests: a folder of two files that becomes visible in one step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from storage.documents import new_id, write_document
from storage.warehouse import Warehouse

FOLDER = "backtests"
MARKER = "backtest.json"  # a backtest exists when this does


@dataclass(frozen=True, slots=True)
class BacktestWriter:
    """Writes the files of a backtest that is not visible yet."""

    backtest_id: str
    folder: Path

    def write(self, document: Mapping[str, Any], page: str) -> None:
        """Write ``backtest.json`` and ``backtest.html``."""
        write_document(self.folder / MARKER, document)
        (self.folder / "backtest.html").write_text(page, encoding="utf-8")


@contextmanager
def new_backtest(warehouse: Warehouse) -> Iterator[BacktestWriter]:
    """Yield a writer whose files become a backtest in one step, on success."""
    backtest_id = new_id(datetime.now(UTC))
    with warehouse.commit_folder(backtest_place(backtest_id), MARKER) as folder:
        yield BacktestWriter(backtest_id, folder)


def backtest_place(backtest_id: str) -> str:
    """Return where a backtest lies in the warehouse."""
    return f"{FOLDER}/{backtest_id}"
