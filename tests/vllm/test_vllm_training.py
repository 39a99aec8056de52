"""A declared text experiment with `engine: {type: vllm}`, through all stages."""

from collections.abc import Callable
from operator import methodcaller

import psutil
import pytest

from rlsd_pipeline.artifacts import Artifact
from rlsd_pipeline.models.policy import Policy
from rlsd_pipeline.rollouts.kept import kept
from rlsd_pipeline.stages.evaluation.benchmark_scores import BenchmarkScoresStage
from rlsd_pipeline.stages.iteration.policy import PolicyStage
from rlsd_pipeline.stages.iteration.problems import ProblemsStage
from rlsd_pipeline.stages.registry import ITERATION
from rlsd_pipeline.stages.workspace import StageRun, Workspace
from schemas import BenchmarkScore, PolicyCheckpoint, Rollout

STAGES: dict[str, Callable[[StageRun], Artifact]] = {
    stage.name: methodcaller("make", stage) for stage in ITERATION
}


@pytest.fixture
def workspace(
    text_workspace: Callable[..., Workspace], policy: Policy, declared: dict[str, object]
) -> Workspace:
    return text_workspace(policy, declared)


def test_iterations_are_sampled_by_one_vllm_and_corrected(workspace: Workspace) -> None:
    engine = kept(workspace.experiment.engine)
    try:
        workspace.whole().make(ProblemsStage)
        workspace.at("rlsd-s0", 0).make(PolicyStage)
        made: dict[tuple[int, str], Artifact] = {}
        started = []
        for iteration in range(2):
            for name, stage in STAGES.items():
                made[iteration, name] = stage(workspace.at("rlsd-s0", iteration))
            started.append({child.pid for child in psutil.Process().children(recursive=True)})
        (benchmark,) = workspace.experiment.evaluation.benchmarks
        score = (
            BenchmarkScoresStage(benchmark=benchmark)
            .make(workspace.at("rlsd-s0", 2))
            .record(BenchmarkScore)
        )
    finally:
        engine.close()  # type: ignore[attr-defined]

    assert started[0] == started[1]
    assert score.questions == 3
    weights = set()
    for iteration in range(2):
        rollouts = made[iteration, "rollouts"]
        assert rollouts.manifest.config["engine"]["type"] == "vllm"
        assert rollouts.table(Rollout).num_rows == 48
        # The second iteration's rollouts are those of the trained policy, not of the first.
        assert made[iteration, "logprobs"].manifest.measurements["engine_gap_max"] < 1e-4
        metrics = made[iteration, "policy_checkpoint"].record(PolicyCheckpoint).metrics
        assert metrics["engine_ratio_mean"] == pytest.approx(1, abs=1e-4)
        assert 1 <= metrics["engine_ratio_max"] < 1.001
        assert metrics["engine_effective_sample_size"] == pytest.approx(1, abs=1e-4)
        assert metrics["grad_norm"] > 0
        weights.add(made[iteration, "policy_checkpoint"].digest)
    assert len(weights) == 2
