"""Reports: a folder of files that becomes visible in one step."""

from __future__ import annotations

import csv
import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from storage.documents import new_id, read_document, write_document
from storage.parquet import reading, write_options
from storage.warehouse import Warehouse

FOLDER = "reports"
MISSION = "mse"  # the distance of the column ``score``; others have columns of their own names
ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
MARKER = "report.json"  # a report exists when this does
LAST_MOMENT_US = datetime.max.replace(tzinfo=UTC).timestamp() * 1e6
RECORDED_AT = pa.timestamp("us", tz="UTC")
EVENT_COLUMNS = (
    "event_id", "camera", "path", "video_id", "frame_start", "frame_end", "time_start_s",
    "time_end_s", "peak_frame", "peak_score", "mean_score", "recorded_at", "rank", "duration_s",
    "once_in_days",
)  # fmt: skip
FRAME_SCORES_SCHEMA = pa.schema(
    [
        pa.field("video_id", pa.string(), nullable=False),
        pa.field("camera", pa.string(), nullable=False),
        pa.field("path", pa.string(), nullable=False),
        pa.field("frame", pa.int64(), nullable=False),
        pa.field("time_s", pa.float64(), nullable=False),
        pa.field("recorded_at", RECORDED_AT),
        pa.field("score", pa.float64(), nullable=False),
        pa.field("threshold", pa.float64(), nullable=False),
        pa.field("flagged", pa.bool_(), nullable=False),
    ]
)


def frame_scores_schema(distances: Sequence[str]) -> pa.Schema:
    """Return the schema of frame scores with a column for each distance beside the mission's."""
    more = (pa.field(name, pa.float64(), nullable=False) for name in distances)
    return pa.schema([*FRAME_SCORES_SCHEMA, *more])


@dataclass(frozen=True, slots=True, eq=False)
class FrameTimes:
    """When the frames of a video are shown, and when they were recorded.

    Attributes:
        shown_s: Seconds, shape (N,), float64, ascending.
        start: When the first frame was recorded, with a zone, or None.
    """

    shown_s: npt.NDArray[np.float64]
    start: datetime | None = None

    def recorded_at(self) -> pa.Array:
        """Return the moment at which each frame was recorded; null where none is known.

        A damaged file can claim that a frame is shown beyond the calendar's end: that is unknown.
        """
        if self.start is None:
            return pa.nulls(len(self.shown_s), RECORDED_AT)
        moments_us = self.start.timestamp() * 1e6 + (self.shown_s - self.shown_s[0]) * 1e6
        in_calendar = moments_us < LAST_MOMENT_US
        known_us = np.where(in_calendar, moments_us, 0.0).round().astype(np.int64)
        return pa.array(known_us, mask=~in_calendar).cast(RECORDED_AT)


@dataclass(frozen=True, slots=True, eq=False)
class ReportWriter:
    """Writes the files of a report that is not visible yet."""

    report_id: str
    folder: Path
    frame_scores: pq.ParquetWriter

    def write_frames(
        self,
        video: Mapping[str, str],
        times: FrameTimes,
        scores: Mapping[str, npt.NDArray[np.float64]],
        threshold: float,
        flagged: npt.NDArray[np.bool_],
    ) -> None:
        """Add the frames of one video.

        Args:
            video: Its ``video_id``, ``camera`` and ``path``.
            times: When each frame is shown and was recorded.
            scores: Anomaly scores of each frame by distance, the mission's first, shape (N,) each.
            threshold: The threshold.
            flagged: Whether each is flagged, shape (N,).
        """
        height = len(flagged)
        missions, *others = scores.values()
        same = {name: pa.repeat(pa.scalar(video[name]), height) for name in _VIDEO_COLUMNS}
        columns = {
            **same,
            "frame": pa.array(np.arange(height, dtype=np.int64)),
            "time_s": pa.array(times.shown_s),
            "recorded_at": times.recorded_at(),
            "score": pa.array(missions),
            "threshold": pa.repeat(pa.scalar(float(threshold)), height),
            "flagged": pa.array(flagged),
            **dict(zip([*scores][1:], map(pa.array, others), strict=True)),
        }
        self.frame_scores.write_table(pa.table(columns, schema=frame_scores_schema([*scores][1:])))

    def write_document(self, document: Mapping[str, Any], page: str) -> None:
        """Write ``report.json``, ``events.csv`` and ``report.html``."""
        write_document(self.folder / MARKER, document)
        (self.folder / "report.html").write_text(page, encoding="utf-8")
        rows = [{**video, **event} for video in document["videos"] for event in video["events"]]
        with (self.folder / "events.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, EVENT_COLUMNS, extrasaction="ignore")
            writer.writeheader()
            writer.writerows(rows)


_VIDEO_COLUMNS: Sequence[str] = ("video_id", "camera", "path")


@contextmanager
def new_report(warehouse: Warehouse, distances: Sequence[str] = ()) -> Iterator[ReportWriter]:
    """Yield a writer whose files become a report in one step, on success.

    Args:
        warehouse: What will hold it.
        distances: Distances beside the mission's, each a column of the frame scores.
    """
    schema = frame_scores_schema(distances)
    report_id = new_id(datetime.now(UTC))
    with warehouse.commit_folder(report_place(report_id), MARKER) as folder:
        (folder / "media").mkdir()
        scores = folder / "frame_scores.parquet"
        with pq.ParquetWriter(scores, schema, **write_options(schema)) as frame_scores:
            yield ReportWriter(report_id, folder, frame_scores)


def report_place(report_id: str) -> str:
    """Return where a report lies in the warehouse."""
    return f"{FOLDER}/{report_id}"


def report_json_schema() -> dict[str, Any]:
    """Return the JSON Schema that every ``report.json`` follows."""
    text = Path(__file__).with_name("report_schema.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """A committed report.

    Attributes:
        warehouse: What holds it.
        place: Where it lies in there.
        document: ``report.json``.
    """

    warehouse: Warehouse
    place: str
    document: dict[str, Any]

    def scores_of(self, path: str, column: str = "score") -> npt.NDArray[np.float64]:
        """Return the scores of a footage file's frames, in order, shape (N,)."""
        place = f"{self.place}/frame_scores.parquet"
        with reading(self.warehouse.uri(place)), self.warehouse.open(place) as source:
            chosen = pq.read_table(
                source,
                columns=[column],
                filters=[("path", "=", path)],
                page_checksum_verification=True,
            )
        scores: npt.NDArray[np.float64] = chosen.column(column).to_numpy()
        return scores


@dataclass(frozen=True, slots=True)
class ReportEntry:
    """What a list says of a report.

    Attributes:
        report_id: The report.
        created_at: When it was made, ISO 8601 with a zone.
        profile: Its profile, as ``NAME@VERSION``.
        events: Events that it tells of.
        video_ids: The videos that it is about, one a file.
        cameras: The cameras that recorded them, ascending.
    """

    report_id: str
    created_at: str
    profile: str
    events: int
    video_ids: tuple[str, ...]
    cameras: tuple[str, ...]


def all_reports(warehouse: Warehouse) -> list[ReportEntry]:
    """Return every report, in the order of their ids, which is that of their times.

    Raises:
        CorruptShardError: The document of one is damaged.
    """
    found = warehouse.each(partial(find_report, warehouse), warehouse.folders_in(FOLDER))
    return [entry for entry in found if entry is not None]


def has_report(warehouse: Warehouse, report_id: str) -> bool:
    """Return whether there is a report of that id."""
    return bool(ID.fullmatch(report_id)) and warehouse.exists(f"{report_place(report_id)}/{MARKER}")


def report_sizes(warehouse: Warehouse) -> dict[str, int]:
    """Return how many bytes the files of each report take."""
    sizes: defaultdict[str, int] = defaultdict(int)
    for place, size_bytes in warehouse.sizes_below(FOLDER).items():
        sizes[place.split("/")[1]] += size_bytes
    return dict(sizes)


def remove_report(warehouse: Warehouse, report_id: str) -> None:
    """Remove a report, if it is there."""
    warehouse.remove_folder(report_place(report_id), MARKER)


def find_report(warehouse: Warehouse, report_id: str) -> ReportEntry | None:
    """Return what a list says of a report, or None where a folder is none."""
    place = f"{report_place(report_id)}/{MARKER}"
    try:
        document = read_document(warehouse, place)
    except FileNotFoundError:
        return None
    with reading(warehouse.uri(place)):
        videos = document["videos"]
        return ReportEntry(
            report_id=report_id,
            created_at=document["created_at"],
            profile=f"{document['profile']['name']}@{document['profile']['version']}",
            events=sum(len(video["events"]) for video in videos),
            video_ids=tuple(video["video_id"] for video in videos),
            cameras=tuple(sorted({video["camera"] for video in videos})),
        )


def read_report(warehouse: Warehouse, report_id: str) -> Report:
    """Read a report.

    Raises:
        NotStoredError: There is none.
    """
    place = report_place(report_id)
    marker = warehouse.existing(f"{place}/{MARKER}", f"report {report_id}")
    return Report(warehouse, place, read_document(warehouse, marker))
