"""The whole job in a bucket, over real HTTP, gives what it gives in a folder."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from storage.warehouse import Warehouse
from tests.flows.conftest import Nightjar
from tests.footage import settled, write_video


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Return a folder with two normal videos, two others, and a file that is none."""
    for seed, name in enumerate(("normal/door/a", "normal/door/b", "new/yard/c", "new/yard/d")):
        write_video(tmp_path / f"{name}.avi", 16 + seed, seed=seed)
    (tmp_path / "new" / "yard" / "letter.avi").write_text("Dear Sir or Madam")
    settled(tmp_path / "new" / "yard" / "letter.avi")
    return tmp_path


def contents(place: str | Path, *folders: str) -> dict[str, bytes]:
    warehouse = Warehouse.at(str(place))
    places = [file for folder in folders for file in warehouse.files_below(folder)]
    return {file: warehouse.read_bytes(file) for file in places}


def test_the_whole_job_in_a_bucket_gives_the_bytes_that_it_gives_in_a_folder(
    nightjar: Nightjar, archive: Path, model: Path, bucket: str
) -> None:
    footage = ("--normal", archive / "normal", "--footage", archive / "new", "--model", model)
    options = ("--warehouse", f"s3://{bucket}/night jar", "--json")
    first = nightjar("run", *footage, *options)
    assert first.code == 0, first.err
    assert (first.document["embedded_clips"], first.document["quarantined"]) == (1 + 2 + 2 + 2, 1)
    assert first.document["report"].startswith(f"s3://{bucket}/night jar/reports/")
    again = nightjar("run", *footage, *options).document
    assert (again["embedded_clips"], again["profile"]) == (0, first.document["profile"])

    local = nightjar("run", *footage, "--warehouse", archive / "local", "--json").document
    compared = ("embeddings", "profiles", "videos", "signs")
    remote_bytes = contents(options[1], *compared)
    assert remote_bytes == contents(archive / "local", *compared)
    assert len(remote_bytes) == 4 + 6 + 4 + 4, "shards, a profile, records, signs"
    same = ("profile", "threshold", "videos", "frames", "flagged_frames", "events", "quarantined")
    assert [again[name] for name in same] == [local[name] for name in same]

    scored = nightjar("score", "--footage", "camera:yard", *options).document
    assert (scored["frames"], scored["threshold"]) == (18 + 19, local["threshold"])
    place = f"reports/{scored['report'].rpartition('/')[2]}/frame_scores.parquet"
    with Warehouse.at(options[1]).open(place) as file:
        assert pq.read_table(file).num_rows == 18 + 19
    updated = nightjar("profile", "--normal", "camera:yard", "--update", *options)
    assert updated.document["profile"] == {"name": "default", "version": "2"}
    listed = nightjar("quarantine", "list", *options).document["quarantined"]
    assert [Path(entry["path"]).name for entry in listed] == ["letter.avi"]
    dropped = nightjar("quarantine", "drop", "--footage", listed[0]["path"], *options)
    assert dropped.code == 0, dropped.err
    assert nightjar("quarantine", "list", *options).document["quarantined"] == []


def test_a_bucket_that_is_not_there_is_one_line_and_no_secret_is_printed(
    nightjar: Nightjar, archive: Path, model: Path, bucket: str
) -> None:
    footage = ("--normal", archive / "normal", "--footage", archive / "new", "--model", model)
    places = {f"s3://{bucket}-not/x": "bucket", f"s3://AKIAX:sesame@{bucket}/x": "credentials"}
    for place, word in places.items():
        for command in (("run", *footage), ("score",)):
            result = nightjar(*command, "--warehouse", place)
            assert (result.code, result.err.count("\n")) == (2, 1)
            assert "sesame" not in result.err
            assert word in result.err


def test_footage_is_read_from_a_bucket_and_nothing_of_it_stays_on_the_disk(
    nightjar: Nightjar,
    archive: Path,
    model: Path,
    bucket: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = Warehouse.at(f"s3://{bucket}/archive")  # anything puts objects there
    for path in archive.rglob("*.avi"):
        with store.commit_file(path.relative_to(archive).as_posix()) as scratch:
            scratch.write_bytes(path.read_bytes())
    scratch_disk = tmp_path / "scratch"
    scratch_disk.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch_disk))
    remote = f"s3://{bucket}/archive"
    where = ("--model", model, "--warehouse", tmp_path / "remote", "--settle-s", "0", "--json")
    footage = ("--normal", f"{remote}/normal", "--footage", f"{remote}/new/*/*.avi")
    first = nightjar("run", *footage, *where)
    assert first.code == 0, first.err
    assert (first.document["videos"], first.document["quarantined"]) == (2, 1)
    assert nightjar("run", *footage, *where).document["embedded_clips"] == 0
    assert not list(scratch_disk.iterdir())

    local = ("--normal", archive / "normal", "--footage", archive / "new", "--model", model)
    nightjar("run", *local, "--warehouse", tmp_path / "local")
    compared = ("embeddings", "profiles", "videos", "signs")
    assert contents(tmp_path / "remote", *compared) == contents(tmp_path / "local", *compared)
    scored = nightjar("score", "--footage", f"{remote}/new/yard", *where[2:4], "--json").document
    assert scored["videos"] == 2
    missing = nightjar("run", *footage[:3], f"{remote}/nowhere", *where)
    assert missing.code == 2
    assert "nowhere" in missing.err
