"""A part of an archive is embedded anew beside what there is, and scored when it is whole."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from storage.warehouse import Warehouse
from tasks.archive_part import ArchivePart
from tasks.embedding import identify, plan_embedding
from tasks.parameters import Encoding
from tests.flows.conftest import Nightjar
from tests.footage import write_video

PATTERN = "{camera}/{start:%Y-%m-%d/%H.%M.%S}.avi"
DAYS = (24, 22, 23)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Return an archive of two cameras, a file that nobody can date, and a normal video."""
    for seed, day in enumerate(DAYS):
        write_video(tmp_path / f"archive/yard/2026-11-{day}/03.00.00.avi", 16, seed=seed)
    write_video(tmp_path / "archive/gate/2026-11-23/03.00.00.avi", 16, seed=7)
    write_video(tmp_path / "archive/yard/odd.avi", 16, seed=8)
    write_video(tmp_path / "normal/yard/2026-11-01/03.00.00.avi", 40, seed=9)
    return tmp_path


@pytest.fixture
def options(archive: Path, model: Path) -> list[str | Path]:
    return [
        "--footage", archive / "archive", "--model", model, "--path-pattern", PATTERN,
        "--warehouse", archive / "warehouse", "--json",
    ]  # fmt: skip


def videos_of(summary: dict[str, Any]) -> list[str]:
    document = json.loads((Path(summary["report"]) / "report.json").read_text())
    return sorted("/".join(video["path"].rsplit("/", 3)[1:3]) for video in document["videos"])


def test_cameras_and_a_span_of_time_are_chosen_before_anything_is_read(
    nightjar: Nightjar, archive: Path, options: list[str | Path]
) -> None:
    part = ("--camera", "yard", "--since", "2026-11-23", "--until", "2026-11-24T02:00+01:00")
    done = nightjar("reprocess", *options, *part)
    assert done.code == 0, done.err
    found = done.document
    assert (found["videos"], found["embedded_clips"], found["report"]) == (1, 1, None)
    assert [Path(item["path"]).name for item in found["undated"]] == ["odd.avi"]
    seen = (archive / "warehouse" / "footage").iterdir()
    paths = {json.loads(path.read_text())["path"] for path in seen}
    assert {path.rpartition("/archive/")[2] for path in paths} == {
        "yard/2026-11-23/03.00.00.avi",
        "yard/odd.avi",  # only its container could have told
    }
    assert nightjar("reprocess", *options, *part).document["embedded_clips"] == 0
    for wrong, word in (("--camera", "moon"), ("--since", "2030-01-01")):
        camera = () if wrong == "--camera" else ("--camera", "gate")
        refused = nightjar("reprocess", *options, *camera, wrong, word)
        assert (refused.code, refused.out, refused.err.count("\n")) == (2, "", 1), refused.err
    backwards = nightjar("reprocess", *options, "--since", "2026-02-02", "--until", "2026-01-01")
    assert backwards.code == 2
    assert "before it begins" in backwards.err


@pytest.mark.parametrize("order", ["newest", "oldest"])
def test_the_order_is_that_of_recording(
    nightjar: Nightjar, archive: Path, options: list[str | Path], model: Path, order: Any
) -> None:
    assert nightjar("extract", *options).code == 0
    encoding = Encoding(model=str(model))
    part = ArchivePart(cameras=["yard"], order=order)
    place, footage = str(archive / "warehouse"), [str(archive / "archive")]
    batches = plan_embedding.fn(place, identify.fn(encoding), footage, True, part)
    names = [Path(job.sightings[0].path).parent.name for batch in batches for job in batch]
    days = [f"2026-11-{day}" for day in sorted(DAYS, reverse=order == "newest")]
    assert names == [*days, "yard"], "what nobody can date comes last"


def test_scoring_turns_to_another_encoder_when_all_is_embedded_by_it(
    nightjar: Nightjar, archive: Path, options: list[str | Path]
) -> None:
    normal = ("--normal", archive / "normal")
    night = nightjar("nightly", *options, *normal).document
    assert night["profile"]["version"] == "1"
    busy = archive / "archive/yard/2026-11-24/03.00.00.avi"
    before = busy.stat()
    os.utime(busy)  # it changes just now, so it is left for the next run
    other = ("--stride", "2", *normal)
    early = nightjar("reprocess", *options, *other).document
    assert (early["complete"], early["report"]) == (False, None)
    assert [Path(item["path"]).parent.name for item in early["missing"]] == ["2026-11-24"]
    profiles = Warehouse.at(str(archive / "warehouse"))
    assert profiles.folders_in("profiles/default") == ["1"], "the old encoder goes on"

    os.utime(busy, ns=(before.st_atime_ns, before.st_mtime_ns))
    late = nightjar("reprocess", *options, *other).document
    assert (late["complete"], late["profile"]["version"]) == (True, "2")
    assert len(videos_of(late)) == late["videos"] == 5
    assert profiles.folders_in("embeddings") == sorted(
        f"encoder={name}" for name in {night_encoder(night), late["encoder_id"]}
    )
    warehouse = ("--warehouse", archive / "warehouse", "--json")
    assert nightjar("score", *warehouse).document["profile"]["version"] == "2"
    # A schedule that was not changed yet goes on with the version of its own encoder.
    again = nightjar("nightly", *options, *normal).document
    assert (again["profile"]["version"], again["new_videos"]) == ("1", 0)


def night_encoder(night: dict[str, Any]) -> str:
    document = json.loads((Path(night["report"]) / "report.json").read_text())
    return str(document["encoder_id"])
