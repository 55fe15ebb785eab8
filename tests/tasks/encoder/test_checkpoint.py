from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import BertConfig, VideoMAEForPreTraining

from tasks.encoder.checkpoint import DEFAULT_MODEL, DEFAULT_REVISION, Checkpoint
from tasks.encoder.errors import CheckpointUnusableError
from tasks.encoder.identity import identify_encoder
from tests import checkpoints
from tests.footage import ROOT

Change = Callable[[Path], object]

QUERY = "videomae.encoder.layer.0.attention.attention.query.weight"
PARTS = ("config.json", "preprocessor_config.json", "model.safetensors")
OF_THE_HUB = """
import json, sys, numpy as np
from tasks.encoder.checkpoint import Checkpoint
from tasks.encoder.errors import CheckpointUnreachableError
from tasks.encoder.identity import identify_encoder
from tasks.encoder.videomae import load_encoder
encoder = load_encoder(Checkpoint(), "cpu")
found = {
    "checkpoint": identify_encoder(Checkpoint(), 1, "rgb24/1").checkpoint,
    "shape": encoder.encode([[encoder.preprocess(np.zeros((64, 64, 3), np.uint8))] * 16]).shape,
}
for model, revision in ((None, "main"), ("nobody/nothing", None), ("nobody/nothing", "v2")):
    try:
        Checkpoint(*([model] if model else []), revision=revision).config()
    except CheckpointUnreachableError as error:
        found[f"{model} {revision}"] = str(error)
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return checkpoints.save_shape("small", tmp_path_factory.mktemp("checkpoint") / "good")


@pytest.fixture
def copy(good: Path, tmp_path: Path) -> Path:
    return shutil.copytree(good, tmp_path / "copy")


def load(folder: Path) -> VideoMAEForPreTraining:
    """Read every part of a checkpoint, as a run does."""
    checkpoint = Checkpoint(str(folder))
    identify_encoder(checkpoint, 1, "rgb24/1")
    return checkpoint.weights()


def remove(*names: str) -> Change:
    def change(folder: Path) -> None:
        for name in names:
            (folder / name).unlink()

    return change


def write(name: str, text: str) -> Change:
    return lambda folder: (folder / name).write_text(text)


def edit(name: str, **settings: Any) -> Change:
    def change(folder: Path) -> None:
        path = folder / name
        path.write_text(json.dumps({**json.loads(path.read_text()), **settings}))

    return change


def become_bert(folder: Path) -> None:
    BertConfig().save_pretrained(folder)


def pickle_weights(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    torch.save(weights, folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()


def drop_weight(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    del weights[QUERY]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


def narrow_weight(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    weights[QUERY] = weights[QUERY][:5].clone()
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


def lose_shard(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "model-00001-of-00002.safetensors")
    weight_map = {QUERY: "model-00002-of-00002.safetensors"}
    index = {"metadata": {}, "weight_map": weight_map}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(remove(*PARTS), id="empty folder"),
        pytest.param(remove("config.json"), id="no configuration"),
        pytest.param(write("config.json", "{"), id="broken configuration"),
        pytest.param(write("config.json", "{}"), id="configuration of nothing"),
        pytest.param(become_bert, id="BERT"),
        pytest.param(edit("config.json", model_type="unheard-of"), id="unknown model"),
        pytest.param(edit("config.json", hidden_act="unheard-of"), id="unknown activation"),
        pytest.param(edit("config.json", hidden_size=50), id="width that heads do not divide"),
        pytest.param(edit("config.json", hidden_size=96), id="another width than the weights'"),
        pytest.param(edit("config.json", num_hidden_layers=3), id="more layers than weights"),
        pytest.param(remove("preprocessor_config.json"), id="no processor"),
        pytest.param(write("preprocessor_config.json", "{"), id="broken processor"),
        pytest.param(
            edit("preprocessor_config.json", image_processor_type="Unheard"), id="unknown processor"
        ),
        pytest.param(edit("preprocessor_config.json", size="large"), id="size that is none"),
        pytest.param(remove("model.safetensors"), id="no weights"),
        pytest.param(pickle_weights, id="pickled weights only"),
        pytest.param(drop_weight, id="a weight is missing"),
        pytest.param(narrow_weight, id="a weight of another shape"),
        pytest.param(lose_shard, id="a file of weights is missing"),
    ],
)
def test_an_unusable_folder_is_named_in_one_line(copy: Path, spoil: Change) -> None:
    spoil(copy)
    with pytest.raises(CheckpointUnusableError) as error:
        load(copy)
    assert str(copy) in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "spare",
    [
        pytest.param(edit("config.json", auto_map={"AutoConfig": "code.Config"}), id="code to run"),
        pytest.param(edit("config.json", dtype="float16"), id="half precision"),
        pytest.param(write("code.py", "raise SystemExit"), id="code beside it"),
        pytest.param(lambda folder: torch.save({}, folder / "pytorch_model.bin"), id="pickle too"),
        pytest.param(lambda _folder: None, id="nothing changed"),
    ],
)
def test_what_may_be_in_a_folder_changes_no_weight(good: Path, copy: Path, spare: Change) -> None:
    spare(copy)
    weights, expected = load(copy).state_dict(), load(good).state_dict()
    assert weights.keys() == expected.keys()
    for name, weight in weights.items():
        assert weight.dtype == torch.float32
        assert torch.equal(weight, expected[name]), name


def test_missing_weights_of_the_decoder_do_not_matter(copy: Path) -> None:
    weights = load_file(copy / "model.safetensors")
    kept = {name: weight for name, weight in weights.items() if name.startswith("videomae.")}
    assert len(kept) < len(weights)
    save_file(kept, copy / "model.safetensors", metadata={"format": "pt"})
    assert torch.equal(load(copy).state_dict()[QUERY], weights[QUERY])


def test_weights_by_themselves_are_never_unpickled(copy: Path) -> None:
    pickle_weights(copy)
    with pytest.raises(CheckpointUnusableError, match="safetensors"):
        Checkpoint(str(copy)).weights()


@pytest.mark.parametrize("model", ["./gone", "/gone", "~/gone-for-good", "a/b/c", "../../gone"])
def test_what_looks_like_a_folder_is_never_asked_of_the_hub(model: str) -> None:
    with pytest.raises(CheckpointUnusableError, match="there is no such folder"):
        Checkpoint(model).config()


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").touch()
    with pytest.raises(CheckpointUnusableError, match="there is no such folder"):
        Checkpoint(str(tmp_path / "model.safetensors")).config()


@pytest.mark.parametrize(
    ("checkpoint", "revision"),
    [
        (Checkpoint(), DEFAULT_REVISION),
        (Checkpoint(revision="v2"), "v2"),
        (Checkpoint("someone/else"), "main"),
        (Checkpoint("someone/else", "v2"), "v2"),
    ],
)
def test_only_the_default_checkpoint_is_pinned(checkpoint: Checkpoint, revision: str) -> None:
    assert checkpoint.hub_revision == revision
    assert checkpoint.folder is None


@pytest.fixture(scope="module")
def of_the_hub(good: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a process finds that has the default checkpoint cached and cannot reach the hub."""
    home = tmp_path_factory.mktemp("hub")
    cached = home / "hub" / f"models--{DEFAULT_MODEL.replace('/', '--')}"
    shutil.copytree(good, cached / "snapshots" / DEFAULT_REVISION)
    (cached / "refs").mkdir()
    (cached / "refs/main").write_text(DEFAULT_REVISION)
    env = {
        key: value for key, value in os.environ.items() if not key.startswith(("HF_", "TRANSFO"))
    }
    done = subprocess.run(
        [sys.executable, "-c", OF_THE_HUB],
        cwd=ROOT,
        env={**env, "HF_HOME": str(home), "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert isinstance(found, dict)
    return found


def test_the_default_checkpoint_is_read_from_the_cache_without_the_hub(
    of_the_hub: dict[str, Any],
) -> None:
    assert of_the_hub["shape"] == [1, 8, 48]
    assert of_the_hub["checkpoint"] == f"{DEFAULT_MODEL}@{DEFAULT_REVISION}"
    assert "None main" not in of_the_hub


@pytest.mark.parametrize("revision", ["main", "v2"])
def test_a_checkpoint_that_cannot_be_had_says_how_to_get_it(
    of_the_hub: dict[str, Any], revision: str
) -> None:
    message = of_the_hub[f"nobody/nothing {'v2' if revision == 'v2' else None}"]
    assert f"'hf download nobody/nothing --revision {revision}'" in message
    assert "--model DIR" in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("part", "text"),
    [
        ("model.safetensors", ""),
        ("model.safetensors", "\xff" * 64),
        ("config.json", "null"),
        ("config.json", '{"model_type": "videomae", "num_frames": "sixteen"}'),
        ("config.json", '{"model_type": "videomae", "num_attention_heads": 0}'),
        ("preprocessor_config.json", "[]"),
    ],
)
def test_whatever_a_damaged_part_makes_a_library_raise_the_folder_is_named(
    copy: Path, part: str, text: str
) -> None:
    (copy / part).write_text(text)
    with pytest.raises(CheckpointUnusableError, match="copy"):
        load(copy)


def test_a_moving_revision_is_known_by_the_commit_behind_it(good: Path, tmp_path: Path) -> None:
    commit = "c" * 40
    hub = tmp_path / "hub" / "models--some--body"
    shutil.copytree(good, hub / "snapshots" / commit)
    (hub / "refs").mkdir()
    (hub / "refs" / "main").write_text(commit)
    code = (
        "from tasks.encoder.checkpoint import Checkpoint\nprint(Checkpoint('some/body').digest())"
    )
    environment = {**os.environ, "HF_HOME": str(tmp_path), "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == f"some/body@{commit}"
