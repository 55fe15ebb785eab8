"""Footage that cannot be read is kept apart, tried again on demand, and forgotten on demand."""

from pathlib import Path

import pytest

from tests.flows.conftest import Nightjar
from tests.footage import settled, write_video

ZOO_OF_TEXT = {"a.avi": "Dear Sir or Madam", "b.avi": "", "c.mp4": "RIFF but no more"}


@pytest.fixture
def options(nightjar: Nightjar, model: Path, tmp_path: Path) -> list[str | Path]:
    """Return the options of a warehouse that has quarantined three files."""
    for name, text in ZOO_OF_TEXT.items():
        (tmp_path / "yard").mkdir(exist_ok=True)
        (tmp_path / "yard" / name).write_text(text)
        settled(tmp_path / "yard" / name)
    options: list[str | Path] = ["--warehouse", tmp_path / "warehouse", "--json"]
    found = nightjar("extract", "--footage", tmp_path / "yard", "--model", model, *options)
    assert found.document["quarantined"] == 3
    return options


def test_the_list_says_what_and_why(
    nightjar: Nightjar, options: list[str | Path], tmp_path: Path
) -> None:
    entries = nightjar("quarantine", "list", *options).document["quarantined"]
    assert [Path(entry["path"]).name for entry in entries] == list(ZOO_OF_TEXT)
    assert all(entry["reason"] and entry["decoder_words"] for entry in entries)
    some = nightjar("quarantine", "list", "--footage", tmp_path / "*" / "*.mp4", *options)
    assert [Path(entry["path"]).name for entry in some.document["quarantined"]] == ["c.mp4"]


def test_a_retry_keeps_what_still_fails(nightjar: Nightjar, options: list[str | Path]) -> None:
    again = nightjar("quarantine", "retry", *options).document
    assert len(again["quarantined"]) == 3


def test_a_file_whose_content_changes_is_tried_by_itself(
    nightjar: Nightjar, options: list[str | Path], model: Path, tmp_path: Path
) -> None:
    write_video(tmp_path / "yard" / "a.avi", 5)
    found = nightjar("extract", "--footage", tmp_path / "yard", "--model", model, *options)
    assert (found.document["videos"], found.document["quarantined"]) == (1, 2)


def test_what_is_dropped_is_forgotten(
    nightjar: Nightjar, options: list[str | Path], tmp_path: Path
) -> None:
    gone = tmp_path / "yard" / "b.avi"
    gone.unlink()
    dropped = nightjar("quarantine", "drop", "--footage", gone, *options).document
    assert [entry["path"] for entry in dropped["dropped"]] == [str(gone)]
    left = nightjar("quarantine", "list", *options).document["quarantined"]
    assert len(left) == 2
    assert nightjar("quarantine", "drop", "--footage", gone, *options).code == 2
