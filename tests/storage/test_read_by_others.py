"""Shards are plain Parquet: the README's own lines read them, with libraries not our own."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from storage.shards import ShardKey, ShardRows, write_shard
from storage.warehouse import Warehouse
from tests.footage import ROOT

CAMERAS = ("gate", "007", 'a/b "é" 100%')


def write_shards(
    warehouse: Warehouse, number: type[np.floating[Any]], sketch: npt.NDArray[np.float16] | None
) -> ShardRows:
    frames = np.arange(0, 12, 2)
    places = np.stack([frames // 16, frames // 2, frames, frames + 2], axis=1)
    times = np.stack([frames, frames + 2], axis=1) / 25
    values = np.random.default_rng(0).normal(size=(6, 4)).astype(number)
    rows = ShardRows(places, times, values, sketch)
    for camera in CAMERAS:
        video = f"{CAMERAS.index(camera)}" * 32
        write_shard(warehouse, ShardKey("e" * 8, camera, video, 0), rows, {"parts": 1})
    return rows


def lines_of(readme_block_with: str) -> str:
    """Return the README's Python block that holds some words."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    (block,) = [block for block in blocks if readme_block_with in block]
    return str(block)


@pytest.mark.parametrize("sketched", [False, True])
@pytest.mark.parametrize("number", [np.float32, np.float16])
@pytest.mark.parametrize("library", ["pandas", "duckdb"])
def test_the_lines_of_the_readme_read_the_shards(
    tmp_path: Path, library: str, number: type[np.floating[Any]], sketched: bool
) -> None:
    sketch: Any = np.random.default_rng(1).normal(size=(6, 9, 2)).astype(np.float16)
    rows = write_shards(Warehouse.at(str(tmp_path)), number, sketch if sketched else None)
    block = lines_of(library)
    assert len(re.findall(r"^\S", block, re.MULTILINE)) <= 3
    names: dict[str, Any] = {}
    exec(block.replace("/srv/nightjar", str(tmp_path)), names)
    table = names["table"]
    assert len(table) == len(CAMERAS) * len(rows.places)
    assert set(table["camera"]) == set(CAMERAS)
    gate = table[table["camera"] == "gate"].sort_values("frame_start")
    assert gate["frame_start"].tolist() == rows.places[:, 2].tolist()
    assert np.array_equal(np.stack(gate["embedding"]).astype(number), rows.embeddings)
    assert ("patches" in table) is sketched
    if sketched:  # row-major: patch by patch
        patches = np.stack(gate["patches"]).astype(np.float16).reshape(6, 9, 2)
        assert np.array_equal(patches, sketch)
