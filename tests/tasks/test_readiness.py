"""What the doctor looks at: each check tells what is there, and no failure stops another."""

from pathlib import Path

import pytest

from tasks import readiness, warehouse_readiness
from tasks.encoder.checkpoint import Checkpoint
from tasks.readiness import (
    Check,
    check_checkpoint,
    check_decoders,
    check_device,
    check_packages,
    check_python,
)
from tasks.warehouse_readiness import check_last_report, check_warehouse
from tests.checkpoints import save_shape


def test_a_remedy_belongs_to_what_is_not_ready() -> None:
    with pytest.raises(ValueError, match="remedy"):
        Check("x", "ok", "fine", "do something")
    with pytest.raises(ValueError, match="remedy"):
        Check("x", "warning", "not so fine")


def test_this_machine_is_ready() -> None:
    checks = [check_python(), check_packages(), check_decoders(), check_device("cpu")]
    assert all(check.state in {"ok", "warning"} for check in checks), checks
    assert checks[2].state == "ok"


def test_a_pin_that_differs_is_named_with_the_tested_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pins = tmp_path / "constraints.txt"
    pins.write_text("# tested\nnumpy==1.0\nno-such-package==2.0\n")
    monkeypatch.setattr(readiness, "CONSTRAINTS", pins)
    found = check_packages()
    assert (found.state, "numpy" in found.what, "tested: 1.0" in found.what) == (
        "warning", True, True,
    )  # fmt: skip
    assert "no-such-package" not in found.what, "it may belong to development alone"


def test_a_package_that_is_missing_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "_requirements", lambda: ["no-such-package>=1", "numpy<1"])
    found = check_packages()
    assert found.state == "failing"
    assert "no-such-package is missing" in found.what
    assert "(needed: <1)" in found.what


def test_a_device_that_is_not_there_fails() -> None:
    assert check_device("tpu").state == "failing"


def test_a_cpu_that_is_to_compute_in_bfloat16_is_warned_of() -> None:
    assert check_device("cpu", "bfloat16").state == "warning"
    assert check_device("cpu", "float16").state == "ok"


def test_a_checkpoint_is_local_or_fails_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = save_shape("small", tmp_path / "small")
    assert check_checkpoint(Checkpoint(str(whole))).state == "ok"
    (whole / "model.safetensors").unlink()
    assert "safetensors" in check_checkpoint(Checkpoint(str(whole))).what
    assert "no such folder" in check_checkpoint(Checkpoint("./nowhere")).what
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    unreachable = check_checkpoint(Checkpoint("nobody/has-this"))
    assert unreachable.state == "failing"
    assert "hf download nobody/has-this" in unreachable.remedy


def test_a_warehouse_is_tried_and_one_that_is_not_there_is_not_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    absent = tmp_path / "a" / "b"
    assert check_warehouse(str(absent)).state == "ok"
    assert not absent.parent.exists()
    assert check_last_report(str(absent)).state == "warning"
    assert check_warehouse(str(tmp_path)).state == "ok"
    assert check_warehouse("/proc/warehouse").state == "failing"
    assert check_warehouse("gopher://x").state == "failing"
    assert check_last_report("gopher://x").state == "warning"
    monkeypatch.setattr(warehouse_readiness, "FULL_BYTES", 1 << 62)
    monkeypatch.setattr(warehouse_readiness, "NEARLY_FULL_BYTES", 1 << 62)
    full = check_warehouse(str(tmp_path))
    assert (full.state, "nightjar prune" in full.remedy) == ("failing", True)


def test_a_bucket_is_tried_by_writing(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert check_warehouse(f"s3://{bucket}/prefix").state == "ok"
    assert check_warehouse("s3://no-such-bucket-here/prefix").state == "failing"


def test_a_damaged_report_is_named(tmp_path: Path) -> None:
    report = tmp_path / "reports" / "2026-01-01T00-00-00Z-abcdef" / "report.json"
    report.parent.mkdir(parents=True)
    report.write_text("{}")
    found = check_last_report(str(tmp_path))
    assert (found.state, "damaged" in found.what) == ("failing", True)
