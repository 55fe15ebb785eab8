"""Which videos a profile is built from: named by selectors, known to other profiles, or both."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from functools import partial

from prefect import task

from storage.feedback import NORMAL, all_feedback
from storage.footage import Sighting
from storage.profile_content import read_lineage_at
from storage.profile_lineage import ProfileLineage, ProfileVideo
from storage.profiles import find_profile, marker_of, newest_by
from storage.shards import index_shards, is_complete
from storage.warehouse import Warehouse
from tasks.normal_footage import NormalVideo
from tasks.normality.errors import IncompatibleProfileError, NoNormalFootageError
from tasks.parameters import Period
from tasks.recording import recorded_at
from tasks.retrying import STEP
from tasks.selection import choose_footage, embedded_shards, only_encoder
from tasks.video.errors import FootageNotFoundError

logger = logging.getLogger(__name__)


@task(**STEP)
def check_normal(place: str, normal: Sequence[str]) -> None:
    """Refuse normal footage of which no file can be read, before any time is spent on encoding.

    Raises:
        FootageNotFoundError: None can.
    """
    _readable_normal(Warehouse.at(place), normal, present=True)


@task(**STEP)
def choose_normal(
    place: str, normal: Sequence[str], encoder_id: str | None, present: bool, period: Period
) -> list[NormalVideo]:
    """Return the normal videos that are meant, each content once, in the order of their ids.

    Raises:
        FootageNotFoundError: There are none, or one of them is not embedded.
    """
    warehouse = Warehouse.at(place)
    readable = _readable_normal(warehouse, normal, present)
    chosen = encoder_id or only_encoder(warehouse, readable)
    whole, pending = embedded_shards(warehouse, chosen, readable)
    if pending and not (present and whole):  # a whole run goes on without what it could not read
        raise FootageNotFoundError(
            f"{len(pending)} of {len(readable)} normal videos are not embedded by the "
            f"encoder {chosen} ({pending[0].path} among them): run 'nightjar embed' first"
        )
    seen = {sighting.video_id: sighting for sighting in reversed(readable)}
    known = warehouse.each(partial(_describe, warehouse), [seen[video] for video in sorted(whole)])
    found = [
        NormalVideo(video, tuple(whole[video.video_id]))
        for video in known
        if period.holds(video.recorded_at)
    ]
    if not found:
        raise FootageNotFoundError(
            f"none of {len(known)} normal videos was recorded {period}: give another time, or "
            "--path-pattern if nobody knows when they were recorded"
        )
    return found


@task(**STEP)
def known_lineage(place: str, selector: str, encoder_id: str | None = None) -> ProfileLineage:
    """Return what a version of a profile was built from.

    Args:
        place: The warehouse.
        selector: NAME@VERSION, or NAME for its newest version.
        encoder_id: An encoder whose newest version of NAME goes before others.
    """
    warehouse = Warehouse.at(place)
    own = newest_by(warehouse, selector, encoder_id) if encoder_id else None
    ref = own or find_profile(warehouse, selector)
    return read_lineage_at(warehouse, marker_of(warehouse, ref))


@task(**STEP)
def normal_in(place: str, lineages: Sequence[ProfileLineage]) -> list[NormalVideo]:
    """Return the videos that profiles were built from, each once, in the order of their ids.

    Raises:
        IncompatibleProfileError: The profiles belong to different encoders.
    """
    encoders = sorted({lineage.encoder_id for lineage in lineages})
    if len(encoders) != 1:
        raise IncompatibleProfileError(
            f"these profiles were built with different encoders ({', '.join(encoders)}): "
            "profiles of one encoder alone go together"
        )
    return _with_shards(
        Warehouse.at(place), encoders[0], (video for item in lineages for video in item.footage)
    )


@task(**STEP)
def add_normal(
    place: str, lineage: ProfileLineage, videos: Sequence[NormalVideo]
) -> list[NormalVideo]:
    """Return the videos together with those that a profile was built from.

    Raises:
        IncompatibleProfileError: That profile belongs to another encoder.
    """
    other = videos[0].encoder_id
    if other != lineage.encoder_id:
        raise IncompatibleProfileError(
            f"the profile was built with the encoder {lineage.encoder_id}, but this footage is "
            f"embedded with {other}: build the profile anew, without --update"
        )
    together = (*lineage.footage, *(video.known for video in videos))
    return _with_shards(Warehouse.at(place), lineage.encoder_id, together)


@task(**STEP)
def take_away(
    place: str, lineage: ProfileLineage, videos: Sequence[NormalVideo]
) -> list[NormalVideo]:
    """Return the videos that a profile was built from, without some of them.

    Raises:
        NoNormalFootageError: None of them is part of the profile, or nothing would be left.
    """
    gone = {video.video_id for video in videos}
    left = [video for video in lineage.footage if video.video_id not in gone]
    if len(left) == len(lineage.footage):
        raise NoNormalFootageError(
            f"none of these {len(gone)} videos is part of the profile: "
            "see its footage with 'nightjar profile show'"
        )
    if not left:
        raise NoNormalFootageError(
            f"all {len(lineage.footage)} videos of the profile would go: "
            "build another profile instead, with 'nightjar profile build'"
        )
    return _with_shards(Warehouse.at(place), lineage.encoder_id, left)


@task(**STEP)
def add_confirmed(place: str, name: str, videos: Sequence[NormalVideo]) -> list[NormalVideo]:
    """Return the videos together with the frames that people have called normal.

    Events are meant that were found with a profile of this name, in footage that is embedded by
    the encoder of the videos.
    """
    warehouse = Warehouse.at(place)
    encoder_id = videos[0].encoder_id
    confirmed = [
        ProfileVideo(
            item.video_id,
            item.camera,
            recorded_at(warehouse, item),
            ((item.frame_start, item.frame_end),),
        )
        for item in all_feedback(warehouse)
        if item.verdict == NORMAL and item.profile == name
    ]
    if not confirmed:
        return list(videos)
    index = index_shards(warehouse, encoder_id)
    there = [video for video in confirmed if is_complete(warehouse, index.get(video.video_id, []))]
    if len(there) < len(confirmed):
        logger.warning(
            "%d events that are known to be normal are not embedded by the encoder %s: left out",
            len(confirmed) - len(there),
            encoder_id,
        )
    return _with_shards(warehouse, encoder_id, (*(video.known for video in videos), *there))


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


def _describe(warehouse: Warehouse, sighting: Sighting) -> ProfileVideo:
    """Return a video as a profile remembers it."""
    return ProfileVideo(sighting.video_id, sighting.camera, recorded_at(warehouse, sighting))


def _with_shards(
    warehouse: Warehouse, encoder_id: str, footage: Iterable[ProfileVideo]
) -> list[NormalVideo]:
    """Return each video once, with all its frames that are normal, in the order of ids.

    Raises:
        FootageNotFoundError: One of them has not all of its shards any more.
    """
    together: dict[str, ProfileVideo] = {}
    for video in footage:
        known = together.get(video.video_id)
        together[video.video_id] = known.with_spans(video) if known else video
    index = index_shards(warehouse, encoder_id)
    ids = sorted(together)
    complete = warehouse.each(lambda video: is_complete(warehouse, index.get(video, [])), ids)
    gone = [video_id for video_id, whole in zip(ids, complete, strict=True) if not whole]
    if gone:
        raise FootageNotFoundError(
            f"{len(gone)} of {len(together)} normal videos have no embeddings by the encoder "
            f"{encoder_id} any more (video {gone[0]} among them): embed their footage again"
        )
    return [NormalVideo(together[video_id], tuple(index[video_id])) for video_id in ids]
