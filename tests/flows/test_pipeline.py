"""The job from the user's side: what is paid once, what is reported, what survives."""

import json
import os
import shutil
from pathlib import Path

import jsonschema
import pyarrow.parquet as pq
import pytest

from storage.reports import report_json_schema
from tests.flows.conftest import Nightjar
from tests.footage import settled, write_video

FRAMES = {"a": 40, "b": 23, "c": 16, "d": 7}


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Return a folder with two normal and two other videos of two cameras."""
    for seed, (name, frames) in enumerate(FRAMES.items()):
        folder = "normal/door" if name in "ab" else "new/yard"
        write_video(tmp_path / folder / f"{name}.avi", frames, seed=seed)
    return tmp_path


def run_options(archive: Path, model: Path) -> list[str | Path]:
    return [
        "--normal", archive / "normal", "--footage", archive / "new",
        "--model", model, "--warehouse", archive / "warehouse", "--json",
    ]  # fmt: skip


def test_a_report_says_what_the_contract_says(
    nightjar: Nightjar, archive: Path, model: Path
) -> None:
    (archive / "new" / "yard" / "letter.avi").write_text("Dear Sir or Madam")
    settled(archive / "new" / "yard" / "letter.avi")
    result = nightjar("run", *run_options(archive, model), "--threshold", "0")
    assert result.code == 0, result.err
    summary = result.document
    assert (summary["videos"], summary["frames"], summary["quarantined"]) == (2, 23, 1)
    assert summary["flagged_frames"] == 23
    assert summary["profile"] == {"name": "default", "version": "1"}
    assert summary["embedded_clips"] == 3 + 2 + 1 + 1

    folder = Path(summary["report"])
    names = {"report.json", "frame_scores.parquet", "events.csv", "report.html", "media"}
    assert {path.name for path in folder.iterdir()} == names
    document = json.loads((folder / "report.json").read_text())
    jsonschema.validate(document, report_json_schema())
    assert [video["camera"] for video in document["videos"]] == ["yard", "yard"]
    assert document["quarantined"][0]["path"].endswith("letter.avi")
    assert sum(len(video["events"]) for video in document["videos"]) == summary["events"] == 2
    entry = json.loads(next((archive / "warehouse" / "quarantine").iterdir()).read_text())
    assert {"path", "reason", "decoder_words", "quarantined_at"} <= entry.keys()


def shards_in(warehouse: Path) -> list[Path]:
    return sorted((warehouse / "embeddings").rglob("*.parquet"))


def test_patch_sketches_lie_beside_the_embeddings_and_change_none(
    nightjar: Nightjar, archive: Path, model: Path
) -> None:
    options = run_options(archive, model)
    options[options.index("--warehouse") + 1] = archive / "plain"
    plain = nightjar("run", *options, "--patch-sketch", "0").document
    options[options.index("--warehouse") + 1] = archive / "sketched"
    sketched = nightjar("run", *options, "--patch-sketch", "5", "--batch-size", "2").document
    assert plain["threshold"] == sketched["threshold"]
    pairs = zip(shards_in(archive / "plain"), shards_in(archive / "sketched"), strict=True)
    for without, beside in pairs:
        bare, table = pq.ParquetFile(without).read(), pq.ParquetFile(beside).read()
        assert table.column_names == [*bare.column_names, "patches"]
        assert table.drop_columns("patches").equals(bare)
        assert table.schema.field("patches").type.list_size == 16 * 5
        said = json.loads(table.schema.metadata[b"nightjar"])["encoder"]
        assert (said["patches"], said["patch_sketch"]) == (16, 5)
    for warehouse in ("plain", "sketched"):
        assert nightjar("verify", "--warehouse", archive / warehouse).code == 0
    wide = nightjar("run", *options, "--patch-sketch", "49")
    assert (wide.code, wide.err.count("\n")) == (2, 1)
    assert "have 48 numbers" in wide.err


def test_what_is_there_already_is_not_done_again(
    nightjar: Nightjar, archive: Path, model: Path
) -> None:
    first = nightjar("run", *run_options(archive, model)).document
    again = nightjar("run", *run_options(archive, model)).document
    assert (first["embedded_clips"], again["embedded_clips"]) == (7, 0)
    assert again["profile"] == first["profile"], "the same footage gives the same version"
    tables = [pq.read_table(f"{run['report']}/frame_scores.parquet") for run in (first, again)]
    assert tables[0].equals(tables[1])


def test_a_night_with_nothing_new_reads_no_footage(
    nightjar: Nightjar, archive: Path, model: Path
) -> None:
    first = nightjar("run", *run_options(archive, model)).document
    for path in archive.rglob("*.avi"):  # the same size, the same time, and no video any more
        status = path.stat()
        path.write_bytes(bytes(status.st_size))
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    again = nightjar("run", *run_options(archive, model)).document
    assert (again["embedded_clips"], again["quarantined"]) == (0, 0)
    names = ("profile", "threshold", "videos", "frames", "flagged_frames", "events")
    assert [again[name] for name in names] == [first[name] for name in names]


def test_renamed_moved_and_copied_footage_costs_nothing_but_changed_footage_does(
    nightjar: Nightjar, archive: Path, model: Path
) -> None:
    options = run_options(archive, model)
    nightjar("run", *options)
    yard = archive / "new" / "yard"
    (yard / "c.avi").rename(yard / "renamed.avi")
    (archive / "new" / "garden").mkdir()
    shutil.copy2(yard / "d.avi", archive / "new" / "garden" / "d.avi")
    moved = nightjar("run", *options).document
    assert moved["embedded_clips"] == 0
    assert (moved["videos"], moved["frames"]) == (3, 16 + 7 + 7), "each file is reported"
    document = json.loads((Path(moved["report"]) / "report.json").read_text())
    assert sorted(video["camera"] for video in document["videos"]) == ["garden", "yard", "yard"]

    write_video(yard / "renamed.avi", 16, seed=99)
    assert nightjar("run", *options).document["embedded_clips"] == 1


def test_footage_can_be_scored_after_it_is_gone(
    nightjar: Nightjar, archive: Path, model: Path
) -> None:
    before = nightjar("run", *run_options(archive, model)).document
    shutil.rmtree(archive / "new")
    shutil.rmtree(archive / "normal")
    warehouse = ("--warehouse", archive / "warehouse", "--json")
    after = nightjar("score", "--footage", "camera:yard", *warehouse).document
    assert after["threshold"] == before["threshold"]
    assert (after["videos"], after["frames"], after["embedded_clips"]) == (2, 23, 0)
    everything = nightjar("score", *warehouse).document
    assert everything["videos"] == 4
    one = nightjar("score", "--footage", archive / "new" / "*" / "d.avi", *warehouse).document
    assert one["frames"] == 7


def test_the_stages_one_by_one_give_what_run_gives(
    nightjar: Nightjar, archive: Path, model: Path
) -> None:
    whole = nightjar("run", *run_options(archive, model)).document
    warehouse = ("--warehouse", archive / "stages", "--json")
    encoder = ("--model", model)
    both = ("--footage", archive / "normal", archive / "new")
    extracted = nightjar("extract", *both, *encoder, *warehouse).document
    assert extracted == {
        "videos": 4, "frames": 86, "clips": 7, "quarantined": 0, "pending": 0, "pruned": 0
    }  # fmt: skip
    assert nightjar("embed", *encoder, *warehouse).document["embedded_clips"] == 7
    assert nightjar("embed", *encoder, *warehouse).document["embedded_clips"] == 0
    nightjar("profile", "--normal", archive / "normal", *warehouse)
    stages = nightjar("score", "--footage", archive / "new", *warehouse).document
    same = ("threshold", "videos", "frames", "flagged_frames", "events")
    assert [stages[name] for name in same] == [whole[name] for name in same]


def test_a_profile_can_take_in_more_normal_footage(
    nightjar: Nightjar, archive: Path, model: Path
) -> None:
    nightjar("run", *run_options(archive, model))
    warehouse = ("--warehouse", archive / "warehouse", "--json")
    updated = nightjar("profile", "--normal", "camera:yard", "--update", *warehouse)
    assert updated.document["profile"] == {"name": "default", "version": "2"}
    at_once = nightjar(
        "profile", "--normal", "camera:yard", "camera:door", "--profile", "all", *warehouse
    )
    assert at_once.code == 0
    folders = [archive / "warehouse" / "profiles" / name for name in ("default/2", "all/1")]
    contents = [(folder / "profile.parquet").read_bytes() for folder in folders]
    assert contents[0] == contents[1], "build(A + B) is build(A) updated with B"


def test_hostile_names_go_through_the_whole_job(
    nightjar: Nightjar, archive: Path, model: Path
) -> None:
    yard = archive / "new" / "yard"
    names = [b"-dash.avi", b"new\nline.avi", '🎥 "quoted" <b>.avi'.encode(), b"latin-\xe9.avi"]
    for seed, name in enumerate(names):
        shutil.copy2(
            write_video(archive / "spare.avi", 5, seed=50 + seed),
            os.fsdecode(os.fsencode(yard) + b"/" + name),
        )
    result = nightjar("run", *run_options(archive, model))
    assert result.code == 0, result.err
    assert result.document["videos"] == 6
    paths = pq.read_table(f"{result.document['report']}/frame_scores.parquet", columns=["path"])
    assert len(set(paths.column("path").to_pylist())) == 6


def test_footage_that_changes_before_it_is_embedded_is_left_out_and_said_so(
    nightjar: Nightjar, archive: Path, model: Path
) -> None:
    warehouse = ("--warehouse", archive / "warehouse", "--model", model, "--json")
    nightjar("extract", "--footage", archive / "new", *warehouse)
    write_video(archive / "new" / "yard" / "c.avi", 30, seed=7)
    (archive / "new" / "yard" / "d.avi").unlink()
    done = nightjar("embed", *warehouse).document
    assert done["embedded_clips"] == 0
    assert sorted(Path(item["path"]).name for item in done["left_out"]) == ["c.avi", "d.avi"]


def test_what_one_decoder_alone_refuses_is_left_out_and_not_quarantined(
    nightjar: Nightjar, archive: Path, model: Path
) -> None:
    stream = write_video(archive / "normal" / "door" / "e.ts", 20, codec="mpeg2video", seed=9)
    options = run_options(archive, model)
    forced = nightjar("run", *options, "--decoder", "decord")
    assert forced.code == 0, forced.err
    assert (forced.document["quarantined"], forced.document["pending"]) == (0, 1)
    document = json.loads((Path(forced.document["report"]) / "report.json").read_text())
    assert document["pending"][0]["path"] == str(stream)
    assert document["normal"]["videos"] == 2
    assert nightjar("run", *options).document["pending"] == 0
