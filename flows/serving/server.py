"""Prefect's server, whose writers wait for each other where its database is SQLite.

Prefect begins most transactions as readers. One that then writes, after another has written, is
refused at once, however long it would have waited; its client asks again after seconds, and every
run of a flow within a flow paid them (measured: one or two refusals a night, two seconds each).
"""

from __future__ import annotations

import runpy
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastapi import FastAPI
    from sqlalchemy.ext.asyncio import AsyncSession, AsyncSessionTransaction


def let_writers_wait() -> None:
    """Begin this process's transactions on SQLite as those of writers, which queue."""
    from prefect.server.database.configurations import AioSqliteConfiguration

    begin = AioSqliteConfiguration.begin_transaction

    @asynccontextmanager
    async def begin_as_writer(
        self: AioSqliteConfiguration, session: AsyncSession, with_for_update: bool = True
    ) -> AsyncGenerator[AsyncSessionTransaction, None]:
        async with begin(self, session, with_for_update=True) as transaction:
            yield transaction

    AioSqliteConfiguration.begin_transaction = begin_as_writer  # type: ignore[method-assign]


def create_app() -> FastAPI:
    """Return the server's application, for uvicorn."""
    let_writers_wait()
    from prefect.server.api.server import create_app as create

    return create()


if __name__ == "__main__":  # ... as ``python -m prefect``
    let_writers_wait()
    runpy.run_module("prefect", run_name="__main__", alter_sys=True)
