import json
from datetime import UTC, datetime

import pytest

from storage.quarantine import Quarantined, find_quarantined, quarantine_video
from storage.warehouse import Warehouse
from tests.storage.samples import HOSTILE_PATHS, files_in

VIDEO_ID = "0123456789abcdef" * 2


@pytest.mark.parametrize("path", HOSTILE_PATHS)
def test_an_entry_comes_back_as_it_was(warehouse: Warehouse, path: str) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    quarantine_video(warehouse, VIDEO_ID, path, "no frame decodes", f"moov of {path} not found")
    entry = find_quarantined(warehouse, VIDEO_ID)
    assert entry is not None
    at = datetime.fromisoformat(entry.quarantined_at)
    assert before <= at <= datetime.now(UTC)
    assert entry == Quarantined(
        VIDEO_ID, path, "no frame decodes", f"moov of {path} not found", entry.quarantined_at
    )


def test_an_entry_is_one_document_under_the_videos_id(warehouse: Warehouse) -> None:
    for reason in ("first", "second"):
        quarantine_video(warehouse, VIDEO_ID, "/in/a.mp4", reason, "words")
    ((place, content),) = files_in(warehouse).items()
    assert place == f"quarantine/{VIDEO_ID}.json"
    assert json.loads(content).keys() >= {"path", "reason", "decoder_words", "quarantined_at"}
    assert json.loads(content)["reason"] == "second"


def test_another_video_is_not_in_quarantine(warehouse: Warehouse) -> None:
    assert find_quarantined(warehouse, VIDEO_ID) is None
    quarantine_video(warehouse, VIDEO_ID, "/in/a.mp4", "reason", "words")
    assert find_quarantined(warehouse, VIDEO_ID[::-1]) is None
