"""A disk that is full, or no more permitted, ends in a clear error and costs nothing stored."""

import errno
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest

from storage.errors import WarehouseUnusableError
from storage.shard_reading import read_shard
from storage.shards import ShardKey, ShardRows, write_shard
from storage.warehouse import Warehouse

ROWS = 2000
DISK_BYTES = 4 << 20
NOBODY = 65_534


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Return a file system of four megabytes."""
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(disk)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"this machine mounts no tmpfs: {done.stderr.strip()}")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def write(warehouse: Warehouse, part: int) -> str:
    frames = np.arange(ROWS)
    places = np.stack([frames, frames, frames, frames + 1], axis=1)
    values = np.random.default_rng(part).normal(size=(ROWS, 64)).astype(np.float32)
    key = ShardKey("e" * 8, "gate", "ab" * 16, part)
    write_shard(warehouse, key, ShardRows(places, places[:, 2:] / 25, values), {"parts": 99})
    return key.place


def test_a_full_disk_ends_in_a_clear_error_and_keeps_what_was_there(small_disk: Path) -> None:
    warehouse = Warehouse.at(str(small_disk / "warehouse"))
    committed: list[str] = []
    with pytest.raises(OSError, match="No space left") as full:
        committed.extend(write(warehouse, number) for number in count())
    assert full.value.errno == errno.ENOSPC
    assert len(committed) > 3
    assert warehouse.files_below("embeddings") == committed, "nothing half written is visible"
    for number, place in enumerate(committed):
        expected = np.random.default_rng(number).normal(size=(ROWS, 64)).astype(np.float32)
        assert np.array_equal(read_shard(warehouse, place).embeddings, expected)
    assert not list((small_disk / "warehouse" / ".staging").iterdir()), "the scratch is given back"

    (small_disk / "ballast").write_bytes(bytes(os.statvfs(small_disk).f_bavail * 4096))
    with pytest.raises(WarehouseUnusableError, match="No space left"):
        warehouse.check_writable()
    (small_disk / "ballast").unlink()
    warehouse.remove(committed.pop())
    committed.append(write(warehouse, len(committed)))
    assert warehouse.files_below("embeddings") == committed, "with space again, it goes on"


@contextmanager
def somebody_else(folder: Path) -> Iterator[None]:
    """Work as a user who is not root, for root may write everywhere; the folder becomes theirs."""
    mine = os.geteuid()
    if mine == 0:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, NOBODY, NOBODY)
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(mine)


def test_permission_lost_half_way_ends_in_a_clear_error() -> None:
    with TemporaryDirectory() as name, somebody_else(Path(name)):
        warehouse = Warehouse.at(f"{name}/warehouse")
        place = write(warehouse, 0)
        folder = Path(warehouse.uri(place)).parent
        folder.chmod(0o500)
        with pytest.raises(PermissionError, match="part-00001"):
            write(warehouse, 1)
        folder.chmod(0o700)
        assert warehouse.files_below("embeddings") == [place]
        assert not list(Path(warehouse.uri(".staging")).iterdir())


def test_a_disk_that_becomes_read_only_half_way_ends_in_a_clear_error(small_disk: Path) -> None:
    warehouse = Warehouse.at(str(small_disk / "warehouse"))
    place = write(warehouse, 0)
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.raises(OSError, match="Read-only") as refused:
        write(warehouse, 1)
    assert refused.value.errno == errno.EROFS
    with pytest.raises(WarehouseUnusableError, match="Read-only"):
        warehouse.check_writable()
    assert warehouse.files_below("embeddings") == [place]
    assert len(read_shard(warehouse, place).embeddings) == ROWS
