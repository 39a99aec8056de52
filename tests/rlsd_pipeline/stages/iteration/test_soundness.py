"""A base model that could only compute nonsense is refused at `policy`, by name."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from rlsd_pipeline.errors import ModelError
from rlsd_pipeline.models.policy import Policy
from rlsd_pipeline.stages.iteration.policy import PolicyStage
from rlsd_pipeline.stages.workspace import Workspace

Open = Callable[..., Workspace]


def _refused(policy: Policy, workspace_at: Open, tmp_path: Path) -> str:
    folder = tmp_path / "my-model"
    folder.mkdir()
    policy.save(folder)
    (tmp_path / "a.jsonl").write_text('{"id": "q", "question": "what?", "answer": "1"}\n')
    workspace = workspace_at(
        tmp_path / "store",
        dataset={"type": "jsonl", "path": str(tmp_path / "a.jsonl")},
        model={"type": "pretrained", "name": str(folder)},
    )
    with pytest.raises(ModelError) as error:
        workspace.at("rlsd-s0", 0).make(PolicyStage)
    assert "my-model" in str(error.value)
    assert workspace.store.ref(workspace.at("rlsd-s0", 0).reference("policy")) is None
    return str(error.value)


@pytest.mark.parametrize("value", [float("nan"), float("-inf")])
def test_weights_that_are_no_numbers(
    value: float, build: Callable[[str], Policy], workspace_at: Open, tmp_path: Path
) -> None:
    policy = build("qwen3")
    with torch.no_grad():
        policy.model.model.layers[1].mlp.up_proj.weight[2, :3] = value
    message = _refused(policy, workspace_at, tmp_path)
    assert "hold 3 values in model.layers.1.mlp.up_proj.weight that are nan or infinite" in message


@pytest.mark.parametrize("name", ["qwen3", "qwen3_vl"])
def test_a_tokenizer_larger_than_the_embedding(
    name: str, build: Callable[[str], Policy], workspace_at: Open, tmp_path: Path
) -> None:
    policy = build(name)
    rows = len(policy.tokenizer) - 2
    policy.model.resize_token_embeddings(rows)
    message = _refused(policy, workspace_at, tmp_path)
    assert f"has 2 tokens beyond the {rows:,} rows of the model's embedding" in message
    assert f"({rows})" in message


def test_a_larger_embedding_is_padding(
    build: Callable[[str], Policy], workspace_at: Open, tmp_path: Path
) -> None:
    policy = build("qwen3")
    policy.model.resize_token_embeddings(len(policy.tokenizer) + 6)
    (tmp_path / "my-model").mkdir()
    policy.save(tmp_path / "my-model")
    (tmp_path / "a.jsonl").write_text('{"id": "q", "question": "what?", "answer": "1"}\n')
    workspace = workspace_at(
        tmp_path / "store",
        dataset={"type": "jsonl", "path": str(tmp_path / "a.jsonl")},
        model={"type": "pretrained", "name": str(tmp_path / "my-model")},
    )
    assert workspace.at("rlsd-s0", 0).make(PolicyStage).manifest.stage == "policy"
