from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from storage.errors import CorruptShardError
from storage.signs import SCALARS, SCHEMA, THUMBNAIL, read_signs, write_signs
from storage.warehouse import Warehouse
from tests.storage.samples import put

VIDEO = "ab" * 16


def signs(samples: int) -> dict[str, npt.NDArray[Any]]:
    random = np.random.default_rng(samples)
    scalars = {
        name: random.integers(0, 9, samples).astype(SCHEMA.field(name).type.to_pandas_dtype())
        for name in SCALARS
    }
    return {**scalars, "thumbnails": random.integers(0, 256, (samples, *THUMBNAIL), np.uint8)}


@pytest.mark.parametrize("samples", [0, 1, 700])
def test_signs_come_back_as_they_were_given(warehouse: Warehouse, samples: int) -> None:
    given = signs(samples)
    write_signs(warehouse, VIDEO, given)
    found = read_signs(warehouse, VIDEO)
    assert found is not None
    assert found.keys() == given.keys()
    for name, column in given.items():
        assert found[name].dtype == column.dtype
        assert np.array_equal(found[name], column), name


def test_a_video_without_signs_has_none(warehouse: Warehouse) -> None:
    assert read_signs(warehouse, VIDEO) is None


def test_damaged_signs_are_named(warehouse: Warehouse) -> None:
    put(warehouse, f"signs/{VIDEO}.parquet", b"PAR1 no more")
    with pytest.raises(CorruptShardError, match=VIDEO):
        read_signs(warehouse, VIDEO)
