"""A chat template that begins the thought itself: rollouts, rewards and segments read the turn."""

import copy
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from transformers.tokenization_utils_fast import PreTrainedTokenizerFast

from rlsd_pipeline.errors import ModelError
from rlsd_pipeline.models.policy import Policy
from rlsd_pipeline.stages.iteration.policy import PolicyStage
from rlsd_pipeline.stages.iteration.problems import ProblemsStage
from rlsd_pipeline.stages.iteration.rewards import RewardsStage
from rlsd_pipeline.stages.iteration.rollouts import RolloutsStage
from rlsd_pipeline.stages.workspace import Workspace
from schemas import Reward, Rollout

TEMPLATE = (
    "{% for m in messages if m.role == 'user' %}{{ m.content }}{% endfor %}"
    "{% if add_generation_prompt %}<think>\n{% endif %}"
)


@pytest.fixture
def declared(
    tmp_path: Path, build: Callable[[str], Policy], tokenizer: PreTrainedTokenizerFast
) -> dict[str, object]:
    begins = copy.deepcopy(tokenizer)
    begins.chat_template = TEMPLATE
    Policy(build("qwen3").model, begins).save(tmp_path / "model")
    row = {"id": "q", "question": "how many?", "solution": "one and one", "answer": "2"}
    rows = [{**row, "id": f"q{index}", "question": f"{index}?"} for index in range(5)]
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return {
        "dataset": {"type": "jsonl", "path": str(tmp_path / "data" / "a.jsonl")},
        "model": {"type": "pretrained", "name": str(tmp_path / "model")},
        "arms": [{"weighting": {"type": "sft"}}],
        "sampling": {"prompts": 4, "group_size": 4, "max_prompt_tokens": 99, "max_tokens": 120},
    }


def test_a_thought_that_the_template_begins_earns_the_format_reward(
    tmp_path: Path, declared: dict[str, object], workspace_at: Callable[..., Workspace]
) -> None:
    workspace = workspace_at(tmp_path / "store", **declared)
    workspace.whole().make(ProblemsStage)
    run = workspace.at("sft-s0", 0)
    policy = workspace.pool.get(run.make(PolicyStage))
    rollouts = run.make(RolloutsStage).table(Rollout).to_pylist()
    assert len(rollouts) == 4
    for row in rollouts:
        learnt = "one and one</think><answer>2</answer>"
        assert row["completion"] == "<think>\n" + learnt
        assert policy.decode(row["completion_ids"]) == learnt
        assert row["token_ends"] == [
            len("<think>\n") + end for end in policy.token_ends(row["completion_ids"], learnt)
        ]
    rewards = run.make(RewardsStage).table(Reward).to_pylist()
    assert [row["format_ok"] for row in rewards] == [True] * 4


def test_a_system_message_that_the_template_leaves_out_is_refused_at_the_policy(
    tmp_path: Path, declared: dict[str, object], workspace_at: Callable[..., Workspace]
) -> None:
    """Also where the store holds the policy from a time without one."""
    workspace_at(tmp_path / "store", **declared).at("sft-s0", 0).make(PolicyStage)
    told = {**declared, "prompts": {"system": "Be brief."}}
    with pytest.raises(ModelError, match="takes no system message"):
        workspace_at(tmp_path / "store", **told).at("sft-s0", 0).make(PolicyStage)
