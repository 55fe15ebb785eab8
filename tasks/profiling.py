"""Profiling: the embeddings of normal footage become a profile, with its own scores beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from prefect import task

from storage.footage import Sighting
from storage.parquet import read_lineage
from storage.profiles import (
    ProfileContent,
    ProfileRef,
    find_profile,
    read_profile,
    write_profile,
)
from storage.shards import FrameEmbeddings, index_shards, read_shard
from storage.warehouse import Warehouse
from tasks.normality.distances import mean_squared_error
from tasks.normality.errors import IncompatibleProfileError
from tasks.normality.moments import StreamingMean, merged
from tasks.retrying import STEP
from tasks.selection import choose_footage, embedded_shards, only_encoder
from tasks.video.errors import FootageNotFoundError


@dataclass(frozen=True, slots=True)
class NormalVideo:
    """A normal video and its shards."""

    video_id: str
    shards: tuple[str, ...]


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
    return [NormalVideo(video, tuple(shards)) for video, shards in sorted(whole.items())]


@task(**STEP)
def commit_profile(place: str, name: str, videos: Sequence[NormalVideo]) -> ProfileRef:
    """Sum up the normal videos and commit the profile as the next version of its name.

    The normal footage is scored too, each video against the profile of the others, so that its
    scores are what unseen normal footage would have; a single video is scored against itself.
    """
    warehouse = Warehouse.at(place)
    sums = {video.video_id: _sum_of(warehouse, video) for video in videos}
    lineages = [read_lineage(warehouse, video.shards[0]) for video in videos]
    width = int(lineages[0]["encoder"]["width"])
    profile = merged(sums.values(), width)
    scores, owners, weights = [], [], []
    for number, video in enumerate(videos):
        others = profile.subtract(sums[video.video_id]) if len(videos) > 1 else profile
        for rows in _rows_of(warehouse, video):
            scores.append(mean_squared_error(rows.embeddings, others.mean))
            owners.append(np.full(len(rows.weights), number))
            weights.append(rows.weights)
    content = ProfileContent(
        encoder_id=lineages[0]["encoder_id"],
        encoder=lineages[0]["encoder"],
        mean=profile.mean,
        video_ids=[video.video_id for video in videos],
        cameras=[lineage["camera"] for lineage in lineages],
        frames=np.array([part.count for part in sums.values()], dtype=np.int64),
        totals=np.stack([part.total for part in sums.values()]),
        scores=np.concatenate(scores),
        score_videos=np.concatenate(owners),
        score_weights=np.concatenate(weights),
    )
    return write_profile(warehouse, name, content)


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
    before = [NormalVideo(video, tuple(index[video])) for video in known.video_ids]
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


def _sum_of(warehouse: Warehouse, video: NormalVideo) -> StreamingMean:
    """Return the statistics of one video, read part by part."""
    parts = [StreamingMean.of(rows.embeddings, rows.weights) for rows in _rows_of(warehouse, video)]
    return merged(parts, len(parts[0].total))


def _rows_of(warehouse: Warehouse, video: NormalVideo) -> Iterator[FrameEmbeddings]:
    """Yield the embeddings of a video, part by part."""
    return map(partial(read_shard, warehouse), video.shards)
