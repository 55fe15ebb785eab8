"""What holds of a warehouse in an object store alone: addresses, failures, races."""

import gc
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from subprocess import DEVNULL

import numpy as np
import pytest

from storage.bucket import Bucket
from storage.errors import CorruptShardError, StorageError, WarehouseUnusableError
from storage.object_store import connect
from storage.profile_content import read_content
from storage.profiles import versions_of
from storage.shard_reading import read_shard
from storage.shards import ShardKey, ShardRows, write_shard
from storage.warehouse import Warehouse
from tests.object_store import (
    CUT_BEFORE,
    CUT_IN_ANSWER,
    CUT_IN_BODY,
    Failure,
    Gate,
    Rule,
    gate_to,
)
from tests.storage.profiles import content, values, write_profile
from tests.storage.samples import files_in, places_in, put

ROOT = Path(__file__).parents[2]
LARGE = b"0123456789abcdef" * (25 << 16)  # uploaded in three parts


@pytest.fixture
def gate(object_store: str, bucket: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    """Return a gate before the store that fails when told to, and make retries short."""
    with gate_to(object_store) as gate:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{gate.endpoint}")
        monkeypatch.setattr("storage.object_store.ATTEMPTS", 2)
        yield gate


@pytest.fixture
def gated(gate: Gate, bucket: str) -> Warehouse:
    """Return a warehouse behind the gate that was used before the store began to fail."""
    warehouse = Warehouse.at(f"s3://{bucket}/house")
    put(warehouse, "known", b"known")
    return warehouse


# Where it is.


@pytest.mark.parametrize(
    ("place", "root"),
    [
        ("s3://bucket", "s3://bucket"),
        ("s3://bucket/", "s3://bucket"),
        ("s3://bucket//a/b//", "s3://bucket/a/b"),
        ("s3://bucket/a b/%41#é?region=eu-west-1", "s3://bucket/a b/%41#é"),
    ],
)
def test_a_warehouse_is_at_the_keys_that_are_meant(place: str, root: str) -> None:
    warehouse = Warehouse.at(place)
    assert warehouse.root == root
    assert warehouse.uri("reports/1") == f"{root}/reports/1"


def test_the_query_goes_before_the_environment(bucket: str) -> None:
    query = "endpoint_override=http://10.0.0.1:9000&region=eu-north-1"
    medium = Warehouse.at(f"s3://{bucket}/x?{query}").medium
    assert isinstance(medium, Bucket)
    address = medium.address
    assert (address.endpoint, address.scheme) == ("10.0.0.1:9000", "http")
    assert address.region == "eu-north-1"


def test_the_query_alone_leads_to_the_store(
    object_store: str, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ENDPOINT_URL", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name)
    place = f"s3://{bucket}/x?endpoint_override={object_store}&scheme=http"
    put(Warehouse.at(place), "a", b"b")
    assert Warehouse.at(place).files_below("") == ["a"]


@pytest.mark.parametrize(
    "place",
    [
        "s3://",
        "s3:///prefix",
        "s3://a/../b",
        "s3://AKIAX:sec/ret@bucket/prefix",
        "s3://AKIAX:secret@bucket/prefix",
        "s3://bucket/prefix?access_key=AKIAX&secret_key=secret",
        "s3://bucket/prefix?endpoint_override=AKIAX:secret@host",
    ],
)
def test_a_place_that_cannot_be_is_refused_and_never_repeated(place: str) -> None:
    with pytest.raises(WarehouseUnusableError) as raised:
        Warehouse.at(place)
    assert "AKIAX" not in str(raised.value)
    assert "\n" not in str(raised.value)


# What fails, and what is said of it.


@pytest.mark.parametrize("failure", [503, 500, CUT_BEFORE, CUT_IN_BODY])
def test_a_commit_survives_a_failure(gate: Gate, gated: Warehouse, failure: Failure) -> None:
    gate.fail(failure, 1, "PUT")
    put(gated, "new", b"new")
    assert gate.failed() == 1
    assert files_in(gated) == {"known": b"known", "new": b"new"}


@pytest.mark.parametrize("failure", [503, CUT_IN_BODY])
def test_a_commit_in_parts_survives_a_failure(
    gate: Gate, gated: Warehouse, failure: Failure
) -> None:
    gate.fail(failure, 1, "PUT", "partNumber=2")
    put(gated, "new", LARGE)
    assert gate.failed() == 1
    assert gated.read_bytes("new") == LARGE


@pytest.mark.parametrize("failure", [503, 500, CUT_BEFORE, CUT_IN_ANSWER])
def test_a_read_survives_a_failure(gate: Gate, gated: Warehouse, failure: Failure) -> None:
    gate.fail(failure, 1, "GET", "known")
    assert gated.read_bytes("known") == b"known"
    gate.fail(failure, 1, "GET", "list-type")
    assert gated.files_below("") == ["known"]
    assert gate.failed() == 2


@pytest.mark.parametrize("failure", [503, CUT_BEFORE])
def test_a_question_survives_a_failure(gate: Gate, gated: Warehouse, failure: Failure) -> None:
    gate.fail(failure, 1, "HEAD")
    assert gated.exists("known")
    assert gate.failed() == 1


def test_a_large_object_is_read_piece_by_piece_and_survives_a_failure(
    gate: Gate, gated: Warehouse
) -> None:
    put(gated, "new", LARGE)
    with gated.open("new") as file:
        gate.fail(CUT_IN_ANSWER, 1, "GET")
        assert file.read_at(5, 1 << 20) == LARGE[1 << 20 :][:5]
    assert gate.failed() == 1


@pytest.mark.parametrize("failure", [503, CUT_IN_BODY])
def test_a_commit_that_fails_for_good_is_a_clear_error_and_nothing_is_visible(
    gate: Gate, gated: Warehouse, failure: Failure
) -> None:
    gate.fail(failure, 99, "PUT")
    with pytest.raises(OSError, match=r"object store fails \(AWS Error .*house/new") as raised:
        put(gated, "new", b"new")
    assert not isinstance(raised.value, FileNotFoundError | PermissionError)
    gate.fail(None, 0, "")
    gc.collect()
    assert places_in(gated) == ["known"]


@pytest.mark.parametrize(
    ("failure", "part"), [(503, 1), (503, 2), (503, 3), (CUT_IN_BODY, 2)], ids=str
)
def test_an_upload_that_is_cut_off_half_way_never_becomes_visible(
    gate: Gate, gated: Warehouse, failure: Failure, part: int
) -> None:
    gate.fail(failure, 99, "PUT", f"partNumber={part}")
    with pytest.raises(OSError, match="house/known"):
        put(gated, "known", LARGE)
    gate.fail(None, 0, "")
    gc.collect()  # pyarrow completes what is left open when it is collected
    assert files_in(gated) == {"known": b"known"}


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGINT])
def test_an_upload_that_is_stopped_half_way_never_becomes_visible_by_half(
    gate: Gate, gated: Warehouse, sent: signal.Signals
) -> None:
    program = """
import os, sys
from storage.warehouse import Warehouse
with Warehouse.at(sys.argv[1]).commit_file("known") as scratch:
    scratch.write_bytes(bytes(50 << 20))
"""
    process = subprocess.Popen(
        [sys.executable, "-c", program, gated.root], cwd=ROOT, stderr=DEVNULL
    )
    while not any("partNumber=1&" in path for _, path, _ in gate.seen):
        time.sleep(0.001)
    process.send_signal(sent)
    # A Ctrl-C in the upload's last moments comes too late to end the process.
    assert process.wait() in ({-sent} if sent is signal.SIGKILL else {-sent, 0})
    assert files_in(gated)["known"] in (b"known", bytes(50 << 20))
    completed = any("uploadId" in path for method, path, _ in gate.seen if method == "POST")
    assert completed == (sent is signal.SIGINT), "an upload under way is brought to its end"


def test_a_profile_whose_upload_breaks_off_is_no_version_and_its_number_stays_unused(
    gate: Gate, gated: Warehouse
) -> None:
    gate.fail(503, 99, "PUT", "profile.json")
    with pytest.raises(OSError, match="profiles/default/1"):
        write_profile(gated, "default", content())
    gate.fail(None, 0, "")
    assert versions_of(gated, "default") == []
    assert write_profile(gated, "default", content()).version == "2"
    assert [ref.version for ref in versions_of(gated, "default")] == ["2"]


def sound_until(gate: Gate, count: int) -> Rule:
    return lambda method, path: 503 if len(gate.seen) >= count else None


def test_a_failure_while_reading_is_no_damage(gate: Gate, gated: Warehouse) -> None:
    rng = np.random.default_rng(0)
    rows = ShardRows(
        np.stack([np.arange(4096)] * 4, axis=1),
        np.zeros((4096, 2)),
        rng.normal(size=(4096, 128)).astype(np.float32),
    )
    key = ShardKey("e", "gate", "v", 0)
    write_shard(gated, key, rows, {"parts": 1})
    whole = gated.read_bytes(key.place)
    assert len(whole) > 1 << 20
    assert (read_shard(gated, key.place).embeddings == rows.embeddings).all()
    for skipped in range(3):  # the HEAD, the footer, the pages
        gate.rule = sound_until(gate, len(gate.seen) + skipped)
        with pytest.raises(OSError, match=r"object store fails .*part-00000") as raised:
            read_shard(gated, key.place)
        assert not isinstance(raised.value, StorageError)
    gate.fail(None, 0, "")
    put(gated, key.place, whole[:-5000] + bytes(100) + whole[-4900:])
    with pytest.raises(CorruptShardError, match="part-00000"):
        read_shard(gated, key.place)


def test_a_missing_bucket_is_one_line_that_says_what_to_do(bucket: str) -> None:
    warehouse = Warehouse.at(f"s3://{bucket}-not/prefix")
    for ask in (
        warehouse.check_writable,
        lambda: warehouse.files_below(""),
        lambda: warehouse.read_bytes("a"),
        lambda: put(warehouse, "a", b""),
    ):
        with pytest.raises(WarehouseUnusableError, match=f"no bucket '{bucket}-not': create it"):
            ask()


def test_a_bucket_that_goes_is_missing(gate: Gate, gated: Warehouse) -> None:
    gate.fail(404, 9, "PUT")
    with pytest.raises(WarehouseUnusableError, match="there is no bucket"):
        put(gated, "new", b"")


def test_refused_credentials_are_one_line_without_them(gate: Gate, bucket: str) -> None:
    warehouse = Warehouse.at(f"s3://{bucket}/house")
    gate.rule = lambda method, path: 403
    with pytest.raises(WarehouseUnusableError, match="check the credentials") as raised:
        warehouse.check_writable()
    said = str(raised.value)
    assert "\n" not in said
    assert not any(os.environ[name] in said for name in os.environ if "KEY" in name)
    for ask in (lambda: warehouse.files_below(""), lambda: warehouse.read_bytes("a")):
        with pytest.raises(PermissionError, match="check the credentials"):
            ask()


def test_an_unreachable_store_is_one_line(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.object_store.ATTEMPTS", 1)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    warehouse = Warehouse.at(f"s3://{bucket}/house")
    with pytest.raises(WarehouseUnusableError, match=r"cannot be written .*NETWORK_CONNECTION"):
        warehouse.check_writable()
    with pytest.raises(OSError, match="object store fails"):
        warehouse.files_below("")


# Who else is there.


def test_processes_that_write_versions_at_once_neither_mix_nor_overwrite(
    remote_warehouse: Warehouse,
) -> None:
    program = """
import json, sys
from storage.warehouse import Warehouse
from tests.storage.profiles import content, write_profile
sys.stdin.readline()
warehouse = Warehouse.at(sys.argv[1])
print(json.dumps([write_profile(warehouse, "default", content(int(seed))).version
                  for seed in sys.argv[2:]]))
"""
    seeds = [["0", "1", "2"], ["10", "11", "12"]]
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", program, remote_warehouse.root, *mine],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for mine in seeds
    ]  # fmt: skip
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    versions = [json.loads(process.communicate()[0]) for process in processes]
    written = {
        version: int(seed)
        for mine, numbers in zip(seeds, versions, strict=True)
        for seed, version in zip(mine, numbers, strict=True)
    }
    assert len(written) == 6
    refs = versions_of(remote_warehouse, "default")
    assert {ref.version for ref in refs} == {*written}
    for ref in refs:
        found = values(read_content(remote_warehouse, ref.place))
        assert found == values(content(written[ref.version]))
    assert len(places_in(remote_warehouse)) == 6 * 6, "no claim is left"


def test_a_claim_that_a_killed_run_has_left_costs_its_number_only(
    remote_warehouse: Warehouse,
) -> None:
    put(remote_warehouse, f".staging/profiles~default~1~{'0' * 32}", b"")
    assert write_profile(remote_warehouse, "default", content()).version == "2"


def test_a_folder_that_is_claimed_later_is_seen_by_who_claims_it_first(
    remote_warehouse: Warehouse,
) -> None:
    first = remote_warehouse.commit_folder("profiles/x/1", "marker")
    (first.__enter__() / "marker").write_text("first")
    with remote_warehouse.commit_folder("profiles/x/1", "marker") as scratch:
        (scratch / "marker").write_text("second")
    with pytest.raises(FileExistsError):
        first.__exit__(None, None, None)
    assert files_in(remote_warehouse) == {"profiles/x/1/marker": b"second"}


def test_one_client_serves_a_process(remote_warehouse: Warehouse) -> None:
    medium = remote_warehouse.medium
    assert isinstance(medium, Bucket)
    assert connect(medium.address) is connect(Bucket.at(remote_warehouse.root).address)
