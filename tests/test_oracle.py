from __future__ import annotations

import contextlib
import functools
import io
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.parse import urlsplit
from urllib.request import url2pathname

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from flows.command_line.application import main
from tests import checkpoints, footage, oracle

# Around T = 16 and around T * 3 = 48, the two spans these videos are cut by.
TINY_NUM_FRAMES = (1, 7, 16, 17, 37, 48, 49, 101)

SHARD_TYPES = {
    "video_id": pa.string(),
    "camera": pa.string(),
    "clip_index": pa.int64(),
    "tubelet_index": pa.int64(),
    "frame_start": pa.int64(),
    "frame_end": pa.int64(),
    "time_start_s": pa.float64(),
    "time_end_s": pa.float64(),
}
SCORE_TYPES = {
    "video_id": pa.string(),
    "camera": pa.string(),
    "path": pa.string(),
    "frame": pa.int64(),
    "time_s": pa.float64(),
    "recorded_at": pa.timestamp("us", tz="UTC"),
    "score": pa.float64(),
    "threshold": pa.float64(),
    "flagged": pa.bool_(),
}


@dataclass(frozen=True)
class Case:
    """One job: what the command line is given."""

    shape: str
    stride: int
    normal: tuple[Path, ...]
    footage: tuple[Path, ...]
    # Section 4 takes folders as well as files; the oracle always needs the files.
    as_folders: bool = False


@dataclass(frozen=True)
class Run:
    """What one finished command left behind."""

    warehouse: Path
    printed: dict[str, Any]
    report: Path
    # Read at once, so that a later run that rewrote the report could not hide it.
    scores: pa.Table
    scores_bytes: bytes


class Bench:
    """Runs each job and asks the oracle about each video once, however many tests look at it."""

    def __init__(self, folder: Path, api_url: str) -> None:
        self.folder = folder
        self.api_url = api_url
        self.checkpoint = functools.cache(self._checkpoint)
        self.encoder = functools.cache(self._encoder)
        self.case = functools.cache(self._case)
        self.run = functools.cache(self._run)
        self.truth = functools.cache(self._truth)

    def _checkpoint(self, shape: str) -> Path:
        folder = self.folder / "checkpoints" / shape
        if shape == "base":
            return checkpoints.save_base(footage.shared(), folder)
        return checkpoints.save_shape(shape, folder)

    def _encoder(self, shape: str) -> oracle.Encoder:
        return oracle.Encoder(self.checkpoint(shape))

    def _case(self, name: str) -> Case:
        shape, kind, stride = name.split("-")
        if kind == "real":
            real = footage.shared() / "footage"
            return Case(
                shape, int(stride), (real / "highway-a.avi",), _in(real, "highway-b.avi road.avi")
            )
        if kind == "excerpt":
            source = oracle.decode(footage.shared() / "footage" / "highway-b.avi")
            normal = footage.write_frames(self.folder / "excerpt/quiet.mp4", source[:16])
            busy = footage.write_frames(self.folder / "excerpt/busy.mp4", source[400:416])
            return Case(shape, int(stride), (normal,), (busy,))
        normal_dir, footage_dir = self.folder / "tiny/normal", self.folder / "tiny/footage"
        if not normal_dir.exists():
            _write_tiny(normal_dir, footage_dir)
        return Case(
            shape,
            int(stride),
            tuple(sorted(normal_dir.iterdir())),
            tuple(sorted(footage_dir.iterdir())),
            as_folders=stride == "1",
        )

    def _run(self, name: str) -> Run:
        return self.run_into(self.folder / "warehouses" / name, self.case(name))

    def run_into(self, warehouse: Path, case: Case, *, apart: bool = False) -> Run:
        """Run one job through the command line, as a user would; in a process of its own if asked.

        There what is loaded, and with how many threads, owes nothing to the runs before.
        """
        normal, checked = (
            sorted({str(path.parent) for path in paths}) if case.as_folders else map(str, paths)
            for paths in (case.normal, case.footage)
        )
        command = ["run", "--normal", *normal, "--footage", *checked]
        command += ["--model", str(self.checkpoint(case.shape)), "--warehouse", str(warehouse)]
        command += ["--stride", str(case.stride), "--device", "cpu", "--json"]
        printed = json.loads(self._apart(command) if apart else _here(command))
        assert isinstance(printed, dict)
        report = _local(printed["report"])
        content = (report / "frame_scores.parquet").read_bytes()
        scores = pq.ParquetFile(pa.BufferReader(content)).read()
        return Run(warehouse, printed, report, scores, content)

    def _apart(self, command: list[str]) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "flows.command_line", *command], cwd=footage.ROOT,
            env={**os.environ, "PREFECT_API_URL": self.api_url},
            capture_output=True, text=True, timeout=280,
        )  # fmt: skip
        assert done.returncode == 0, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def _truth(self, shape: str, stride: int, path: Path) -> oracle.Embeddings:
        return self.encoder(shape).embed(oracle.decode(path), stride)

    def normal_truth(self, case: Case) -> list[oracle.Embeddings]:
        """Return the oracle's embeddings of each normal video."""
        return [self.truth(case.shape, case.stride, path) for path in case.normal]


whole = pytest.mark.skipif(not os.environ.get("NIGHTJAR_BASE"), reason="make base runs it")
CASES = [
    "small-real-4",
    "small-tiny-1",
    "odd-tiny-3",
    pytest.param("base-excerpt-1", marks=whole),
]
every_case = pytest.mark.parametrize("name", CASES)
AGAIN = "odd-tiny-3"


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory, api_url: str) -> Bench:
    return Bench(tmp_path_factory.mktemp("oracle"), api_url)


def _here(command: list[str]) -> str:
    with (
        mock.patch.dict(os.environ),
        contextlib.redirect_stdout(io.StringIO()) as printed,
        pytest.raises(SystemExit) as end,
    ):
        main(command)
    assert end.value.code == 0
    return printed.getvalue()


def _in(folder: Path, names: str) -> tuple[Path, ...]:
    return tuple(folder / name for name in names.split())


def _write_tiny(normal_dir: Path, footage_dir: Path) -> None:
    for index, num_frames in enumerate((16, 37, 101)):
        footage.write_video(normal_dir / f"calm{num_frames}.mp4", num_frames, seed=index)
    for index, num_frames in enumerate(TINY_NUM_FRAMES):
        codec, suffix = (("mpeg4", "avi"), ("libx264", "mp4"))[index % 2]
        path = footage_dir / f"clip{num_frames}.{suffix}"
        footage.write_video(path, num_frames, codec=codec, size=(128, 72), seed=100 + index)
        assert len(oracle.decode(path)) == num_frames


def _local(uri: str) -> Path:
    parts = urlsplit(uri)
    assert parts.scheme in ("", "file"), uri
    return Path(url2pathname(parts.path) if parts.scheme else uri)


def _rows_by_path(run: Run) -> dict[str, pa.Table]:
    """Split the scores by footage file, keeping the order of the rows."""
    names = [Path(path).name for path in run.scores["path"].to_pylist()]
    return {
        name: run.scores.filter(pa.array([other == name for other in names]))
        for name in dict.fromkeys(names)
    }


def _shards(warehouse: Path) -> list[Path]:
    found = sorted((warehouse / "embeddings").glob("encoder=*/camera=*/video=*/part-*.parquet"))
    assert found == sorted((warehouse / "embeddings").rglob("*.parquet"))
    return found


def _shard_rows(warehouse: Path) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of each video, by video_id; one file at a time, so nothing is inferred."""
    rows: dict[str, list[dict[str, Any]]] = {}
    for shard in _shards(warehouse):
        for row in pq.ParquetFile(shard).read().to_pylist():
            assert shard.parent.name == f"video={row['video_id']}"
            rows.setdefault(row["video_id"], []).append(row)
    return rows


def _frame_by_frame(rows: list[dict[str, Any]]) -> tuple[list[oracle.Place], oracle.Embeddings]:
    """Expand rows to frames; the place's clip_start is left at 0, shards do not carry it."""
    of_frame: dict[int, dict[str, Any]] = {}
    for row in rows:
        assert row["frame_start"] < row["frame_end"]
        for frame in range(row["frame_start"], row["frame_end"]):
            assert frame not in of_frame, f"frame {frame} is in two rows"
            of_frame[frame] = row
    assert sorted(of_frame) == list(range(len(of_frame)))
    ordered = [of_frame[frame] for frame in range(len(of_frame))]
    spoken = [oracle.Place(row["clip_index"], 0, row["tubelet_index"]) for row in ordered]
    return spoken, np.array([row["embedding"] for row in ordered], dtype=np.float32)


def _alike(ours: npt.NDArray[Any], theirs: npt.NDArray[Any]) -> bool:
    if ours.shape != theirs.shape:
        return False
    return np.allclose(ours, theirs, rtol=1e-5, atol=1e-6 * float(np.abs(theirs).max()))


def _contents(folder: Path, pattern: str = "*") -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob(pattern))
        if path.is_file()
    }


@pytest.mark.parametrize(
    ("num_frames", "span", "starts"),
    [
        (1, 16, [0]),
        (15, 16, [0]),
        (16, 16, [0]),
        (17, 16, [0, 1]),
        (32, 16, [0, 16]),
        (37, 16, [0, 16, 21]),
        (49, 48, [0, 1]),
        (130, 64, [0, 64, 66]),
    ],
)
def test_the_oracle_starts_clips_where_section_3_says(
    num_frames: int, span: int, starts: list[int]
) -> None:
    assert oracle.clip_starts(num_frames, span) == starts


def test_the_oracle_lets_the_leftover_clip_speak_only_for_uncovered_frames() -> None:
    places = oracle.places(20, stride=1, clip_frames=16, tubelet_frames=2)
    assert [(p.clip_index, p.tubelet_index) for p in places[:4]] == [(0, 0), (0, 0), (0, 1), (0, 1)]
    assert [(p.clip_start, p.tubelet_index) for p in places[15:]] == [
        (0, 7),
        (4, 6),
        (4, 6),
        (4, 7),
        (4, 7),
    ]


def test_the_oracle_widens_tubelets_by_the_stride() -> None:
    places = oracle.places(30, stride=3, clip_frames=16, tubelet_frames=4)
    assert [p.tubelet_index for p in places] == [0] * 12 + [1] * 12 + [2] * 6


def test_the_real_footage_decodes_to_fewer_frames_than_its_headers_count() -> None:
    real = footage.shared() / "footage"
    assert len(oracle.decode(real / "highway-b.avi")) == 748
    assert len(oracle.decode(real / "road.avi")) == 1699


@every_case
def test_every_decoded_frame_has_the_oracles_score(bench: Bench, name: str) -> None:
    case, run = bench.case(name), bench.run(name)
    mean = oracle.profile_mean(bench.normal_truth(case))
    by_path = _rows_by_path(run)
    assert set(by_path) == {path.name for path in case.footage}
    for path in case.footage:
        rows = by_path[path.name]
        expected = oracle.scores(bench.truth(case.shape, case.stride, path), mean)
        assert rows["frame"].to_pylist() == list(range(len(expected))), path.name
        np.testing.assert_allclose(
            rows["score"].to_numpy(), expected, rtol=1e-5, err_msg=f"scores of {path.name}"
        )


@every_case
def test_the_threshold_is_the_oracles_and_flags_exactly_what_exceeds_it(
    bench: Bench, name: str
) -> None:
    run = bench.run(name)
    expected = oracle.threshold(bench.normal_truth(bench.case(name)))
    assert run.printed["threshold"] == pytest.approx(expected, rel=1e-5)
    thresholds = run.scores["threshold"].to_numpy()
    assert set(thresholds.tolist()) == {run.printed["threshold"]}
    flagged = run.scores["flagged"].to_numpy()
    np.testing.assert_array_equal(flagged, run.scores["score"].to_numpy() > thresholds)


@every_case
def test_what_is_printed_counts_what_is_there(bench: Bench, name: str) -> None:
    case, run = bench.case(name), bench.run(name)
    span = bench.encoder(case.shape).clip_frames * case.stride
    videos = (bench.truth(case.shape, case.stride, path) for path in case.normal + case.footage)
    num_clips = sum(len(oracle.clip_starts(len(video), span)) for video in videos)
    expected = {
        "videos": len(case.footage),
        "frames": run.scores.num_rows,
        "flagged_frames": sum(run.scores["flagged"].to_pylist()),
        "quarantined": 0,
        "embedded_clips": num_clips,
    }
    assert {key: run.printed[key] for key in expected} == expected
    assert run.printed["profile"]["name"] == "default"
    assert "version" in run.printed["profile"]
    assert isinstance(run.printed["events"], int)


@every_case
def test_score_columns_have_the_contracted_types(bench: Bench, name: str) -> None:
    schema = bench.run(name).scores.schema
    assert {column: schema.field(column).type for column in SCORE_TYPES} == SCORE_TYPES


@every_case
def test_every_frame_is_in_one_shard_row_with_the_oracles_embedding(
    bench: Bench, name: str
) -> None:
    case, run = bench.case(name), bench.run(name)
    found = {key: _frame_by_frame(rows) for key, rows in _shard_rows(run.warehouse).items()}
    ids = {path: rows["video_id"][0].as_py() for path, rows in _rows_by_path(run).items()}
    assert len(found) == len(case.normal) + len(case.footage)
    for path in case.footage:
        _assert_is_truth(bench, case, path, found.pop(ids[path.name]))
    for path in case.normal:
        # Reports name checked footage only, so a normal video is known by its embeddings.
        truth = bench.truth(case.shape, case.stride, path)
        match = [key for key, (_, embeddings) in found.items() if _alike(embeddings, truth)]
        assert len(match) == 1, f"{len(match)} videos in the warehouse are like {path.name}"
        _assert_is_truth(bench, case, path, found.pop(match[0]))


def _assert_is_truth(
    bench: Bench, case: Case, path: Path, found: tuple[list[oracle.Place], oracle.Embeddings]
) -> None:
    spoken, embeddings = found
    truth = bench.truth(case.shape, case.stride, path)
    assert embeddings.shape == truth.shape, path.name
    atol = 1e-6 * float(np.abs(truth).max())
    np.testing.assert_allclose(embeddings, truth, rtol=1e-5, atol=atol, err_msg=path.name)
    places = bench.encoder(case.shape).places(len(truth), case.stride)
    assert [(p.clip_index, p.tubelet_index) for p in spoken] == [
        (p.clip_index, p.tubelet_index) for p in places
    ], path.name


@every_case
def test_shards_have_the_contracted_columns_and_their_lineage(bench: Bench, name: str) -> None:
    width = bench.encoder(bench.case(name).shape).width
    shards = _shards(bench.run(name).warehouse)
    assert shards
    for shard in shards:
        schema = pq.ParquetFile(shard).schema_arrow
        assert {column: schema.field(column).type for column in SHARD_TYPES} == SHARD_TYPES
        # Not compared with pa.list_ as a whole: the name of the child is the writer's to choose.
        vector = schema.field("embedding").type
        assert pa.types.is_fixed_size_list(vector)
        assert (vector.value_type, vector.list_size) == (pa.float32(), width)
        assert isinstance(json.loads(schema.metadata[b"nightjar"]), dict)


def test_a_second_run_in_the_same_warehouse_embeds_nothing_and_scores_the_same(
    bench: Bench,
) -> None:
    first = bench.run(AGAIN)
    shards = _contents(first.warehouse / "embeddings")
    second = bench.run_into(first.warehouse, bench.case(AGAIN))
    assert second.printed["embedded_clips"] == 0
    assert second.scores.equals(first.scores)
    assert second.printed["threshold"] == first.printed["threshold"]
    assert _contents(first.warehouse / "embeddings") == shards


@pytest.fixture(scope="module")
def elsewhere(bench: Bench) -> Run:
    case = bench.case(AGAIN)
    turned = Case(case.shape, case.stride, case.normal[::-1], case.footage[::-1])
    return bench.run_into(bench.folder / "warehouses" / "elsewhere", turned, apart=True)


def test_another_warehouse_and_another_order_give_the_same_shard_bytes(
    bench: Bench, elsewhere: Run
) -> None:
    first = _contents(bench.run(AGAIN).warehouse / "embeddings", "part-*.parquet")
    assert first
    assert _contents(elsewhere.warehouse / "embeddings", "part-*.parquet") == first


def test_another_warehouse_and_another_order_give_the_same_profile_bytes(
    bench: Bench, elsewhere: Run
) -> None:
    first = _contents(bench.run(AGAIN).warehouse / "profiles")
    assert first
    assert _contents(elsewhere.warehouse / "profiles") == first


def test_another_warehouse_and_another_order_give_the_same_score_bytes(
    bench: Bench, elsewhere: Run
) -> None:
    assert elsewhere.scores_bytes == bench.run(AGAIN).scores_bytes
