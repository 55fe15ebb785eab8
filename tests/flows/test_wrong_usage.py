"""Bad requests end with exit code 2 and one line that says what to do; nothing is lost."""

from pathlib import Path

import pytest

from tests.checkpoints import save_shape
from tests.flows.conftest import Nightjar, Result
from tests.footage import settled, write_video


@pytest.fixture
def footage(tmp_path: Path) -> Path:
    return write_video(tmp_path / "camera" / "a.avi", 20)


def assert_refused(result: Result, *words: str) -> None:
    assert result.code == 2, result.err
    assert result.out == ""
    assert result.err.startswith("nightjar: ")
    assert result.err.count("\n") == 1, "one line, no traceback"
    for word in words:
        assert word in result.err


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--stride", "0", ["--stride", "greater than or equal to 1", "0"]),
        ("--stride", "many", ["--stride", "many"]),
        ("--batch-size", "0", ["--batch-size", "greater than or equal to 1"]),
        ("--device", "tpu", ["tpu", "cpu", "cuda"]),
        ("--device", "cuda", ["--device cuda", "cpu"]),
        ("--threshold", "high", ["quantile:0.999", "high"]),
        ("--threshold", "quantile:1.5", ["from 0 to 1", "quantile:1.5"]),
        ("--threshold", "nan", ["nan"]),
        ("--profile", "../x", ["name", "../x"]),
        ("--normal", "/nowhere/at/all", ["/nowhere/at/all", "existing file or folder"]),
        ("--normal", "/nowhere/*.avi", ["pattern", "/nowhere/*.avi"]),
        ("--footage", "/nowhere", ["/nowhere"]),
        ("--model", "./nowhere", ["./nowhere", "no such folder"]),
        ("--warehouse", "/proc/warehouse", ["/proc/warehouse", "--warehouse"]),
        ("--warehouse", "gopher://x/y", ["gopher://x/y"]),
    ],
)
def test_a_wrong_value_is_named_with_what_was_expected(
    nightjar: Nightjar, footage: Path, model: Path, tmp_path: Path,
    option: str, value: str, words: list[str],
) -> None:  # fmt: skip
    options: dict[str, str | Path] = {
        "--normal": footage,
        "--footage": footage,
        "--model": model,
        "--warehouse": tmp_path / "warehouse",
        option: value,
    }
    words_of_it = [str(word) for pair in options.items() for word in pair]
    assert_refused(nightjar("run", *words_of_it), *words)


def test_a_missing_or_unknown_option_is_named(nightjar: Nightjar) -> None:
    assert_refused(nightjar("run", "--footage", "x"), "--normal")
    assert_refused(nightjar("run", "--normal", "x", "--footage", "y", "--colour"), "--colour")
    assert_refused(nightjar("dance"), "dance", "Available commands")


def test_an_empty_folder_is_refused(nightjar: Nightjar, model: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    result = nightjar("extract", "--footage", tmp_path / "empty", "--model", model)
    assert_refused(result, "holds no file")


def test_a_folder_that_is_no_videomae_is_refused(
    nightjar: Nightjar, footage: Path, tmp_path: Path
) -> None:
    bert = tmp_path / "bert"
    bert.mkdir()
    (bert / "config.json").write_text('{"model_type": "bert"}')
    result = nightjar("extract", "--footage", footage, "--model", bert)
    assert_refused(result, "bert", "not a VideoMAE")


def test_normal_footage_that_is_all_unreadable_is_refused_with_the_reason(
    nightjar: Nightjar, footage: Path, model: Path, tmp_path: Path
) -> None:
    text = tmp_path / "letter.avi"
    text.write_text("Dear Sir or Madam")
    settled(text)
    result = nightjar(
        "run", "--normal", text, "--footage", footage, "--model", model,
        "--warehouse", tmp_path / "warehouse",
    )  # fmt: skip
    assert_refused(result, "letter.avi", "not a video file", "--normal")


def test_profiles_and_footage_of_different_encoders_are_never_mixed(
    nightjar: Nightjar, footage: Path, model: Path, tmp_path: Path
) -> None:
    warehouse = tmp_path / "warehouse"
    odd = save_shape("odd", tmp_path / "odd")
    other = write_video(tmp_path / "camera" / "b.avi", 20, seed=1)
    for place, encoder in ((footage, model), (other, odd)):
        options = ("--warehouse", warehouse, "--model", encoder)
        assert nightjar("extract", "--footage", place, *options).code == 0
        assert nightjar("embed", "--footage", place, *options).code == 0
    built = nightjar("profile", "--normal", footage, "--warehouse", warehouse)
    assert built.code == 0, built.err

    ids = [place.name for place in (warehouse / "embeddings").iterdir()]
    names = [name.removeprefix("encoder=") for name in ids]
    score = nightjar("score", "--footage", other, "--warehouse", warehouse)
    assert_refused(score, "default@1", *names)
    update = nightjar("profile", "--normal", other, "--update", "--warehouse", warehouse)
    assert_refused(update, *names)
    both = nightjar("profile", "--normal", "camera:camera", "--warehouse", warehouse)
    assert_refused(both, "several encoders", "--model")


def test_an_unknown_profile_or_footage_is_named_with_what_there_is(
    nightjar: Nightjar, footage: Path, model: Path, tmp_path: Path
) -> None:
    warehouse = ("--warehouse", tmp_path / "warehouse")
    assert_refused(nightjar("score", *warehouse), "default", "nightjar profile")
    nightjar("run", "--normal", footage, "--footage", footage, "--model", model, *warehouse)
    assert_refused(nightjar("score", "--profile", "x", *warehouse), "'x'", "default")
    assert_refused(nightjar("score", "--profile", "default@7", *warehouse), "versions are 1")
    assert_refused(nightjar("score", "--footage", "camera:moon", *warehouse), "camera:moon")
