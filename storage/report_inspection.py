"""Whether a report is what its writer wrote."""

from __future__ import annotations

import csv
import io
import re
from itertools import islice
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from storage.errors import CorruptShardError
from storage.json_schema import violations
from storage.parquet import read_row_groups, reading
from storage.reports import (
    FOLDER,
    MARKER,
    MISSION,
    frame_scores_schema,
    read_report,
    report_json_schema,
    report_place,
)
from storage.warehouse import Warehouse

FILES = (MARKER, "frame_scores.parquet", "events.csv", "report.html")
_MEDIA = re.compile(r"""(?:src|href)=["']?(media/[^"'\s>]+)""")


def report_folders(warehouse: Warehouse) -> dict[str, list[str]]:
    """Return the places of the files in every report's folder, complete or not, in order."""
    folders: dict[str, list[str]] = {}
    for place in warehouse.files_below(FOLDER):
        _, *names = place.split("/")
        if len(names) > 1:
            folders.setdefault(names[0], []).append(place)
    return folders


def inspect_report(warehouse: Warehouse, report_id: str, files: list[str]) -> None:
    """Read all of a report and make sure that its files agree.

    Args:
        warehouse: What holds it.
        report_id: The report.
        files: The places of what lies in its folder.

    Raises:
        CorruptShardError: They do not, or one is missing.
    """
    name, folder = warehouse.uri(report_place(report_id)), report_place(report_id)
    _check_files(name, folder, FILES, files)
    document = read_report(warehouse, report_id).document
    if wrong := list(islice(violations(document, report_json_schema()), 3)):
        raise CorruptShardError(name, f"{MARKER} breaks its schema: {'; '.join(wrong)}")
    if document["report_id"] != report_id:
        raise CorruptShardError(name, f"{MARKER} is that of {document['report_id']!r}")
    distance = document.get("distance", MISSION)  # reports of before there was a choice
    schema = frame_scores_schema([] if distance == MISSION else [distance])
    _check_scores(warehouse, name, folder, schema, document["videos"])
    _check_events(warehouse, name, folder, document["videos"])
    with reading(name):
        page = warehouse.read_bytes(f"{folder}/report.html").decode("utf-8")
    _check_files(name, folder, _MEDIA.findall(page), files)


def _check_files(
    name: str, folder: str, needed: tuple[str, ...] | list[str], files: list[str]
) -> None:
    """Make sure that files are there."""
    missing = [file for file in needed if f"{folder}/{file}" not in files]
    if missing:
        raise CorruptShardError(name, f"there is no {' and no '.join(missing)}")


def _check_scores(
    warehouse: Warehouse, name: str, folder: str, schema: pa.Schema, videos: list[dict[str, Any]]
) -> None:
    """Make sure that every frame of the report has a score, and that as many are flagged."""
    frames = flagged = 0
    for table in read_row_groups(warehouse, f"{folder}/frame_scores.parquet", schema):
        frames += table.num_rows
        flagged += pc.sum(table.column("flagged"), min_count=0).as_py()
    said = sum(video["frames"] for video in videos)
    if frames != said:
        raise CorruptShardError(name, f"it has scores of {frames} frames, and {said} frames")
    said = sum(video["flagged_frames"] for video in videos)
    if flagged != said:
        raise CorruptShardError(name, f"it flags {flagged} frames, and counts {said} flagged")


def _check_events(
    warehouse: Warehouse, name: str, folder: str, videos: list[dict[str, Any]]
) -> None:
    """Make sure that the table of events has as many as the report."""
    with reading(name):
        text = warehouse.read_bytes(f"{folder}/events.csv").decode("utf-8")
    try:
        header, *rows = csv.reader(io.StringIO(text, newline="")) if text else [[]]
    except csv.Error as error:
        raise CorruptShardError(name, f"events.csv is no table: {error}") from error
    said = sum(len(video["events"]) for video in videos)
    if "event_id" not in header or len(rows) != said:
        raise CorruptShardError(name, f"events.csv holds {len(rows)} of {said} events")
