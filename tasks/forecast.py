"""What encoding is going to take, by what it took before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from storage.runs import RunRecord

NEWEST = 20


@dataclass(frozen=True, slots=True)
class Rates:
    """What a clip took in past runs.

    Attributes:
        seconds_per_clip: Time, reading the footage and writing the shards included.
        bytes_per_clip: Size in the warehouse.
        runs: Runs that say so.
        encoder: Whether they are runs of this encoder, or of one of the same shape.
        devices: Kinds of the devices that they ran on, ascending.
    """

    seconds_per_clip: float
    bytes_per_clip: float
    runs: int
    encoder: Literal["this", "same shape"]
    devices: tuple[str, ...]


def rates_of(runs: Sequence[RunRecord], encoder_id: str, shape: str, device: str) -> Rates | None:
    """Return the rates of the newest runs that are most like the one to come, or None.

    Runs of the same encoder go before those of another of its shape; among either, those on the
    same kind of device go before others.

    Args:
        runs: Past runs, newest first.
        encoder_id: The encoder.
        shape: Its shape.
        device: Kind of the device that it is to run on.
    """
    same = [run for run in runs if run.encoder_id == encoder_id and run.clips > 0]
    alike = same or [run for run in runs if run.shape == shape and run.clips > 0]
    chosen = ([run for run in alike if run.device == device] or alike)[:NEWEST]
    if not chosen:
        return None
    clips = sum(run.clips for run in chosen)
    return Rates(
        seconds_per_clip=sum(run.seconds for run in chosen) / clips,
        bytes_per_clip=sum(run.bytes for run in chosen) / clips,
        runs=len(chosen),
        encoder="this" if same else "same shape",
        devices=tuple(sorted({run.device for run in chosen})),
    )
