"""Probe footage and plan its clips."""

from __future__ import annotations

from prefect import flow

from tasks.archive_part import ArchivePart
from tasks.embedding import identify
from tasks.extraction import (
    Extraction,
    find_new_files,
    forget_moved,
    probe_files,
    summarise_extraction,
)
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
from tasks.watching import WATCHED


@flow(name="extract-clips", **WATCHED)
def extract_clips(
    footage: Paths,
    warehouse: WarehousePlace = DEFAULT_WAREHOUSE,
    encoding: Encoding = DEFAULT_ENCODING,
    archive: Archive = DEFAULT_ARCHIVE,
    part: ArchivePart | None = None,
) -> Extraction:
    """Find footage, probe what is new, quarantine what cannot be read, and plan the clips."""
    identity = identify(encoding)
    batches = find_new_files(warehouse, footage, archive, part)
    files = sum(map(len, batches))
    with measured("extracting", "files", total=files, videos=files):
        for batch in batches:
            probe_files(warehouse, batch, archive)
    forget_moved(warehouse, [path for batch in batches for path in batch])
    return summarise_extraction(warehouse, footage, identity, archive, part)
