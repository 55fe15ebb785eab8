"""Profiling: the embeddings of normal footage become a version of a profile."""

from __future__ import annotations

from collections.abc import Sequence

from prefect import task

from storage.footage import Sighting
from storage.parquet import read_lineage
from storage.profiles import (
    ProfileRef,
    find_profile,
    read_profile,
    write_profile,
)
from storage.shards import index_shards
from storage.warehouse import Warehouse
from tasks.normal_footage import NormalFootage, NormalVideo
from tasks.normality.errors import IncompatibleProfileError
from tasks.retrying import STEP
from tasks.selection import choose_footage, embedded_shards, only_encoder
from tasks.video.errors import FootageNotFoundError


@task(**STEP)
def check_normal(place: str, normal: Sequence[str]) -> None:
    """Refuse normal footage of which no file can be read, before any time is spent on encoding.

    Raises:
        FootageNotFoundError: None can.
    """
    _readable_normal(Warehouse.at(place), normal, present=True)


@task(**STEP)
def choose_normal(
    place: str, normal: Sequence[str], encoder_id: str | None, present: bool
) -> list[NormalVideo]:
    """Return the normal videos that are meant, each content once, in the order of their ids."""
    warehouse = Warehouse.at(place)
    readable = _readable_normal(warehouse, normal, present)
    chosen = encoder_id or only_encoder(warehouse, readable)
    whole, pending = embedded_shards(warehouse, chosen, readable)
    if pending and not (present and whole):  # a whole run goes on without what it could not read
        raise FootageNotFoundError(
            f"{len(pending)} of {len(readable)} normal videos are not embedded by the "
            f"encoder {chosen} ({pending[0].path} among them): run 'nightjar embed' first"
        )
    cameras = {sighting.video_id: sighting.camera for sighting in reversed(readable)}
    return [
        NormalVideo(video, cameras[video], tuple(shards)) for video, shards in sorted(whole.items())
    ]


@task(**STEP)
def commit_profile(
    place: str, name: str, videos: Sequence[NormalVideo], keep_unhealthy: bool
) -> ProfileRef:
    """Sum up the normal videos and commit the profile as the next version of its name."""
    warehouse = Warehouse.at(place)
    normal = NormalFootage.of(warehouse, videos, keep_unhealthy)
    return write_profile(warehouse, name, normal.content())


@task(**STEP)
def add_known_normal(place: str, name: str, videos: Sequence[NormalVideo]) -> list[NormalVideo]:
    """Return the videos together with those of the profile's newest version.

    Raises:
        IncompatibleProfileError: That version belongs to another encoder.
    """
    warehouse = Warehouse.at(place)
    ref = find_profile(warehouse, name)
    known = read_profile(warehouse, ref)
    encoder_id = str(read_lineage(warehouse, videos[0].shards[0])["encoder_id"])
    if known.encoder_id != encoder_id:
        raise IncompatibleProfileError(
            f"profile {ref.name}@{ref.version} was built with the encoder {known.encoder_id}, but "
            f"this footage is embedded with {encoder_id}: build the profile anew, without --update"
        )
    index = index_shards(warehouse, encoder_id)
    before = [
        NormalVideo(video, camera, tuple(index[video]))
        for video, camera in zip(known.video_ids, known.cameras, strict=True)
    ]
    together = {video.video_id: video for video in (*before, *videos)}
    return [together[video_id] for video_id in sorted(together)]


def _readable_normal(
    warehouse: Warehouse, normal: Sequence[str], present: bool
) -> tuple[Sighting, ...]:
    """Return the normal footage that can be read; there is some."""
    footage = choose_footage(warehouse, normal, present)
    if not footage.readable:
        left_out = (*footage.quarantined, *footage.pending, *footage.pruned)[:3]
        reasons = "; ".join(f"{item.path}: {item.reason}" for item in left_out)
        raise FootageNotFoundError(
            f"no normal footage can be read ({reasons or 'nothing was extracted'}): "
            "give footage of normal days with --normal"
        )
    return footage.readable
