"""Which of the footage seen so far a flow is about, and what stands in the way of using it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from storage.footage import Sighting, all_sightings, find_sightings
from storage.pruned import pruned_videos
from storage.quarantine import find_quarantined, quarantined_videos
from storage.shards import encoders_in, index_shards, is_complete
from storage.videos import probed_videos
from storage.warehouse import Warehouse
from tasks.footage_files import find_files, stamp_of, trouble_with
from tasks.normality.errors import IncompatibleProfileError
from tasks.video.errors import FootageNotFoundError
from tasks.video.identity import FileStamp
from tasks.video.search import printable
from tasks.video.selector import Selector

PRUNED = "pruned by retention"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A file that gives no scores, and why."""

    path: str
    reason: str

    def as_json(self) -> dict[str, str]:
        """Return it as a report lists it."""
        return {"path": self.path, "reason": self.reason}


@dataclass(frozen=True, slots=True)
class Footage:
    """The footage that a flow is about.

    Attributes:
        readable: Videos that were probed.
        quarantined: Files that cannot be read.
        pending: Files that are there, but not as they were seen: left for the next run.
        pruned: Files whose videos retention has removed.
    """

    readable: tuple[Sighting, ...] = ()
    quarantined: tuple[LeftOut, ...] = ()
    pending: tuple[LeftOut, ...] = ()
    pruned: tuple[LeftOut, ...] = ()


def choose_footage(warehouse: Warehouse, selectors: Sequence[str], present: bool) -> Footage:
    """Return the footage that the selectors mean; none at all mean all footage.

    Args:
        warehouse: The warehouse that has seen the footage.
        selectors: Paths, folders, globs or ``camera:NAME``.
        present: Take the selectors as paths of files that lie there now.

    Raises:
        FootageNotFoundError: A selector means nothing that was seen.
    """
    chosen, pending = [], []
    if present:
        found = find_files(selectors)
        known = find_sightings(warehouse, found)
        for path in found:
            sighting = known.get(path)
            if sighting is not None and lies_as_seen(sighting):
                chosen.append(sighting)
            else:
                pending.append(LeftOut(printable(path), _why_pending(path)))
    else:
        chosen = _matching(warehouse, selectors)
    gone, probed = pruned_videos(warehouse), probed_videos(warehouse)
    unreadable = quarantined_videos(warehouse)
    readable, quarantined, pruned = [], [], []
    for sighting in chosen:
        if sighting.video_id in gone:
            pruned.append(LeftOut(printable(sighting.path), PRUNED))
            continue
        listed = sighting.video_id in unreadable
        entry = find_quarantined(warehouse, sighting.video_id) if listed else None
        if entry is not None:
            quarantined.append(LeftOut(printable(sighting.path), entry.reason))
        elif sighting.video_id in probed:
            readable.append(sighting)
        else:  # 'nightjar repair' has removed a damaged record
            pending.append(LeftOut(printable(sighting.path), "it has to be extracted again"))
    return Footage(tuple(readable), tuple(quarantined), tuple(pending), tuple(pruned))


def lies_as_seen(sighting: Sighting) -> bool:
    """Return whether a file is where it was seen, unchanged by its size and modification time."""
    try:
        now = stamp_of(sighting.path)
    except OSError:
        return False
    return now == FileStamp(sighting.size_bytes, sighting.modified_ns)


def _why_pending(path: str) -> str:
    """Return why a file that is there was not extracted as it is."""
    trouble = trouble_with(path) or (
        "it changed shortly before (see --settle-s) or while it was read"
    )
    return f"{trouble}: left for the next run"


def embedded_shards(
    warehouse: Warehouse, encoder_id: str, footage: Sequence[Sighting]
) -> tuple[dict[str, list[str]], tuple[LeftOut, ...]]:
    """Return the shards of each video that is embedded as a whole, and the footage that is not."""
    index = index_shards(warehouse, encoder_id)
    wanted = {sighting.video_id for sighting in footage}
    known = {video: index[video] for video in wanted & index.keys()}
    complete = warehouse.each(partial(is_complete, warehouse), known.values())
    whole = {
        video: known[video] for video, all_there in zip(known, complete, strict=True) if all_there
    }
    pending = tuple(
        LeftOut(printable(sighting.path), "not embedded yet by this encoder")
        for sighting in footage
        if sighting.video_id not in whole
    )
    return whole, pending


def only_encoder(warehouse: Warehouse, footage: Sequence[Sighting]) -> str:
    """Return the encoder that the footage is embedded with.

    Raises:
        FootageNotFoundError: It is not embedded.
        IncompatibleProfileError: It is embedded with several.
    """
    wanted = {sighting.video_id for sighting in footage}
    encoders = encoders_in(warehouse)
    found = [name for name in encoders if wanted & index_shards(warehouse, name).keys()]
    if not found:
        raise FootageNotFoundError("none of this footage is embedded: run 'nightjar embed' first")
    if len(found) > 1:
        raise IncompatibleProfileError(
            f"this footage is embedded with several encoders ({', '.join(found)}): "
            "choose one with --model and --stride"
        )
    return found[0]


def _matching(warehouse: Warehouse, selectors: Sequence[str]) -> list[Sighting]:
    """Return the footage seen that any selector means."""
    everything = list(all_sightings(warehouse))
    if not selectors:
        return everything
    chosen: set[Sighting] = set()
    for text in selectors:
        selector = Selector(text)
        matching = {item for item in everything if selector.matches(item.path, item.camera)}
        if not matching:
            raise FootageNotFoundError(
                f"no footage in the warehouse {warehouse.root} matches {printable(text)!r}: "
                "name footage that was extracted, or camera:NAME"
            )
        chosen |= matching
    return [item for item in everything if item in chosen]
