"""A policy from a folder, trained on a JSONL file: what is stored is what was trained."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from transformers import PreTrainedModel, Qwen3MoeConfig, Qwen3MoeForCausalLM
from transformers.tokenization_utils_fast import PreTrainedTokenizerFast

from rlsd_pipeline.artifacts import Artifact
from rlsd_pipeline.models.logprobs import ScoringBatch, completion_logprobs
from rlsd_pipeline.models.policy import Policy
from rlsd_pipeline.models.pool import PolicyPool
from rlsd_pipeline.stages.workspace import Workspace
from schemas import PolicyCheckpoint

Open = Callable[..., Workspace]
RunAll = Callable[..., dict[tuple[str, int, str], Artifact]]


def _mixture(tokenizer: PreTrainedTokenizerFast) -> PreTrainedModel:
    """Its experts are one tensor in memory and many on disk."""
    torch.manual_seed(0)
    return Qwen3MoeForCausalLM(
        Qwen3MoeConfig(
            vocab_size=len(tokenizer),
            hidden_size=32,
            intermediate_size=48,
            moe_intermediate_size=16,
            num_hidden_layers=1,
            num_attention_heads=2,
            num_key_value_heads=1,
            head_dim=16,
            num_experts=4,
            num_experts_per_tok=2,
            bos_token_id=None,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )


@pytest.fixture(params=["llama", "qwen3", "qwen3_vl", "mixture"])
def pretrained(
    request: pytest.FixtureRequest,
    build: Callable[[str], Policy],
    tokenizer: PreTrainedTokenizerFast,
) -> Policy:
    if request.param == "mixture":
        return Policy(_mixture(tokenizer), tokenizer)
    return build(request.param)


def test_a_stored_checkpoint_is_the_policy_that_was_trained(
    pretrained: Policy,
    tmp_path: Path,
    png: Callable[..., bytes],
    workspace_at: Open,
    run_all: RunAll,
) -> None:
    (tmp_path / "model").mkdir()
    pretrained.save(tmp_path / "model")
    (tmp_path / "data").mkdir()
    lines = []
    for index in range(6):
        row = {"id": f"q{index}", "question": f"what is {index}?", "answer": str(index)}
        if pretrained.reads_images and index % 2:
            (tmp_path / "data" / f"{index}.png").write_bytes(png(64, 64, seed=index))
            row["image"] = f"{index}.png"
        lines.append(json.dumps(row))
    (tmp_path / "data" / "a.jsonl").write_text("\n".join(lines))

    workspace = workspace_at(
        tmp_path / "store",
        dataset={"type": "jsonl", "path": str(tmp_path / "data" / "a.jsonl")},
        model={"type": "pretrained", "name": str(tmp_path / "model")},
    )
    made = run_all(workspace, ("rlsd-s0",), iterations=2)
    base, trained = made["rlsd-s0", 0, "policy"], made["rlsd-s0", 1, "policy_checkpoint"]
    assert base.record(PolicyCheckpoint).architecture == type(pretrained.model).__name__

    def score(policy: Policy) -> list[list[float]]:
        batch = ScoringBatch([policy.encode("what is 3?")], [0], [[40, 41, 42]])
        return completion_logprobs(policy, batch)

    in_memory, stored = workspace.pool.get(trained), PolicyPool().get(trained)
    assert in_memory is not stored
    assert score(stored) == score(in_memory)
    weights = stored.model.state_dict()
    for name, value in in_memory.model.state_dict().items():
        assert torch.equal(weights[name], value), name
    assert score(PolicyPool().get(base)) == score(pretrained) != score(stored)
