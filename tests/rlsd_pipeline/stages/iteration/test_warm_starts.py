"""Seeds that begin with warm starts of their own."""

from collections.abc import Callable

import pytest
import torch
from safetensors.torch import load_file

from rlsd_pipeline.artifacts import Artifact
from rlsd_pipeline.config.experiment import ExperimentConfig
from rlsd_pipeline.models.pool import PolicyPool
from rlsd_pipeline.models.weights import WEIGHTS
from rlsd_pipeline.stages.iteration.policy import PolicyStage
from rlsd_pipeline.stages.iteration.teacher import require_same_tokenizer
from rlsd_pipeline.stages.workspace import Workspace

Open = Callable[..., Workspace]

MODEL = {
    "type": "tiny_qwen3_vl",
    "hidden_size": 32,
    "intermediate_size": 48,
    "vision_hidden_size": 16,
    "vocabulary": 300,
    "warm_start": {"steps": 2, "batch_size": 2},
}
ARMS = [{"weighting": {"type": "grpo"}, "seeds": [0, 1, 2]}]


@pytest.fixture(scope="module")
def bases(tmp_path_factory: pytest.TempPathFactory, workspace_at: Open) -> list[Artifact]:
    """The policies that three seeds begin with where there are two warm starts."""
    store = tmp_path_factory.mktemp("bases") / "store"
    workspace = workspace_at(store, arms=ARMS, model={**MODEL, "warm_starts": 2})
    return [workspace.at(f"grpo-s{seed}", 0).make(PolicyStage) for seed in range(3)]


def test_seeds_take_turns(bases: list[Artifact]) -> None:
    first, second, third = bases
    assert [artifact.cache_hit for artifact in (first, second, third)] == [False, False, True]
    assert first.digest == third.digest != second.digest
    ours, theirs = (load_file(artifact.local_path(WEIGHTS)) for artifact in (first, second))
    differing = [name for name in ours if not torch.equal(ours[name], theirs[name])]
    assert len(differing) > 30


def test_all_speak_one_vocabulary(bases: list[Artifact]) -> None:
    pool = PolicyPool()
    first, second = (pool.get(artifact) for artifact in bases[:2])
    assert first.tokenizer.get_vocab() == second.tokenizer.get_vocab()
    assert len(first.tokenizer.get_vocab()) == 300
    require_same_tokenizer(first, second)
    text = "<think>a red circle. asked blue, different.</think><answer>no</answer>"
    assert first.tokenizer(text).input_ids == second.tokenizer(text).input_ids


def test_the_first_is_the_one_that_an_only_warm_start_would_be() -> None:
    model = ExperimentConfig.model_validate({"arms": ARMS, "model": {**MODEL, "warm_starts": 2}})
    alone = ExperimentConfig.model_validate({"arms": ARMS, "model": MODEL}).model
    assert [model.model.of_seed(seed).seed for seed in range(5)] == [0, 1, 0, 1, 0]
    assert [alone.of_seed(seed) for seed in range(3)] == [alone] * 3
    assert model.model.of_seed(2) == alone
    later = model.model.model_copy(update={"seed": 5})
    assert [later.of_seed(seed).seed for seed in range(3)] == [5, 6, 5]
