"""Say what a run over footage would embed, and what that takes."""

from __future__ import annotations

from prefect import flow

from tasks.embedding import identify
from tasks.estimation import RunEstimate, Work, find_rates, plan_known, read_headers
from tasks.parameters import (
    DEFAULT_ARCHIVE,
    DEFAULT_ENCODING,
    DEFAULT_WAREHOUSE,
    Archive,
    Encoding,
    Paths,
    WarehousePlace,
)
from tasks.progress import measured


@flow(name="estimate-run")
def estimate_run(
    footage: Paths,
    warehouse: WarehousePlace = DEFAULT_WAREHOUSE,
    encoding: Encoding = DEFAULT_ENCODING,
    archive: Archive = DEFAULT_ARCHIVE,
) -> RunEstimate:
    """Plan what is known and estimate the rest by its headers; neither changes anything."""
    identity = identify(encoding)
    known = plan_known(warehouse, footage, identity, archive)
    files = sum(map(len, known.new))
    with measured("reading-headers", "files", total=files, videos=files):
        promised = [read_headers(batch, identity) for batch in known.new]
    rates = find_rates(warehouse, identity, encoding)
    return RunEstimate(known, sum(promised, start=Work()), rates)
