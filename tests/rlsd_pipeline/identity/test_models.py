import json
from pathlib import Path

import pytest

from rlsd_pipeline.config.model import PretrainedModel, TinyQwen3VL
from rlsd_pipeline.errors import ModelError
from rlsd_pipeline.identity import hub
from rlsd_pipeline.identity.models import folder_digest, model_identity, pinned

COMMIT = "a" * 40


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(b"weights")
    (folder / "tokenizer.json").write_text("[]")
    return folder


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.json"])
def test_what_is_read_counts(folder: Path, name: str) -> None:
    first = folder_digest(folder)
    (folder / name).write_bytes(b"changed")
    assert folder_digest(folder) != first


def test_what_is_not_read_does_not_count(folder: Path) -> None:
    first = folder_digest(folder)
    for name in ("README.md", "pytorch_model.bin", "optimizer.pt", ".gitattributes"):
        (folder / name).write_text("x")
    checkpoint = folder / "checkpoint-500"
    checkpoint.mkdir()
    (checkpoint / "model.safetensors").write_bytes(b"later")
    assert folder_digest(folder) == first
    # Code and templates may lie deeper.
    (checkpoint / "template.jinja").write_text("x")
    assert folder_digest(folder) != first


def test_weights_that_only_an_index_names_count(folder: Path) -> None:
    (folder / "parts").mkdir()
    part = folder / "parts" / "1.safetensors"
    part.write_bytes(b"one")
    index = {"weight_map": {"a": "parts/1.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    first = folder_digest(folder)
    part.write_bytes(b"two")
    assert folder_digest(folder) != first


def test_the_same_folder_elsewhere_is_the_same_model(folder: Path, tmp_path: Path) -> None:
    first = model_identity(PretrainedModel(name=str(folder)))
    moved = folder.rename(tmp_path / "moved")
    assert model_identity(PretrainedModel(name=str(moved))) == first
    assert str(tmp_path) not in json.dumps(first)
    other = model_identity(PretrainedModel(name=str(moved), dtype="bfloat16"))
    assert other["content"] == first["content"]
    assert other != first


def test_a_hub_id_is_its_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "_asked", lambda *_: COMMIT)
    model = PretrainedModel(name="org/name")
    assert pinned(model) == PretrainedModel(name="org/name", revision=COMMIT)
    assert model_identity(model) == pinned(model).model_dump(mode="json")
    assert pinned(TinyQwen3VL()) == TinyQwen3VL()


def test_a_folder_that_is_none(folder: Path) -> None:
    with pytest.raises(ModelError, match="absent cannot be read: it is not there"):
        folder_digest(folder / "absent")
    with pytest.raises(ModelError, match=r"config.json cannot be read: it is a file"):
        folder_digest(folder / "config.json")


@pytest.mark.parametrize(
    "index", ["[]", '"x"', '{"weight_map": null}', '{"weight_map": []}', '{"weight_map": {"a": 3}}']
)
def test_an_index_of_no_files_is_refused(folder: Path, index: str) -> None:
    (folder / "model.safetensors.index.json").write_text(index)
    with pytest.raises(ModelError, match=r"model\.safetensors\.index\.json has no `weight_map`"):
        folder_digest(folder)
