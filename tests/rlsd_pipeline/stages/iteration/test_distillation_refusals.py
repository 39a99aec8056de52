"""What stops a method that matches distributions, or is shown siblings, from using wrong tables."""

from collections.abc import Callable
from pathlib import Path

import pytest

from rlsd_pipeline.errors import AlignmentError, ArtifactError, ConfigError
from rlsd_pipeline.stages.iteration import alignment
from rlsd_pipeline.stages.iteration.logprobs import LogprobsStage
from rlsd_pipeline.stages.iteration.policy_checkpoint import PolicyCheckpointStage
from rlsd_pipeline.stages.iteration.rewards import RewardsStage
from rlsd_pipeline.stages.iteration.rollouts import RolloutsStage
from rlsd_pipeline.stages.iteration.token_weights import TokenWeightsStage
from rlsd_pipeline.stages.workspace import StageRun, Workspace
from schemas import TeacherDistribution

Open = Callable[..., Workspace]

ARMS = [
    {"weighting": {"type": "rlsd"}},
    {"weighting": {"type": "opsd", "divergence": {"type": "forward_kl", "top_k": 5}}},
    {"weighting": {"type": "sdpo", "divergence": {"type": "jsd", "top_k": 5}}},
    {
        "name": "all",
        "weighting": {"type": "opsd", "divergence": {"type": "forward_kl", "top_k": None}},
    },
]


def moved(workspace: Workspace, name: str, source: StageRun) -> StageRun:
    """Another arm at the same place with the artifacts of the source."""
    run = workspace.at(name, 0)
    for stage in ("policy", "rollouts", "rewards", "logprobs", "token_weights"):
        artifact = source.workspace.store.ref(source.reference(stage))
        if artifact is not None:
            workspace.store.set_ref(run.reference(stage), artifact)
    return run


def test_an_update_without_the_distribution_says_what_is_missing(
    copied: Path, workspace_at: Open
) -> None:
    """The tables of RLSD, and a method declared that matches distributions."""
    workspace = workspace_at(copied, arms=ARMS)
    run = moved(workspace, "opsd-s0", workspace.at("rlsd-s0", 0))
    run.make(TokenWeightsStage)
    with pytest.raises(ArtifactError, match=r"no file 'teacher_distribution\.parquet'"):
        run.make(PolicyCheckpointStage)


def redrawn(workspace: Workspace, source: str) -> StageRun:
    """The place of the SDPO arm with fresh rollouts and the tables of the old ones."""
    run = moved(workspace, "sdpo-s0", workspace.at(source, 0))
    again = workspace.at("sdpo-s0", 0, draw=1)
    run.make(RewardsStage)
    run.make(LogprobsStage)
    again.make(RolloutsStage)
    return again


def test_scoring_refuses_verdicts_on_other_rollouts(copied: Path, workspace_at: Open) -> None:
    """They have the same rollout ids, and would choose the wrong siblings."""
    workspace = workspace_at(copied, arms=ARMS)
    run = redrawn(workspace, "rlsd-s0")
    old = run.read("rewards").manifest.inputs["rollouts"]
    with pytest.raises(AlignmentError, match="materialize rewards again") as error:
        run.make(LogprobsStage)
    assert old[:12] in str(error.value)
    assert run.read("rollouts").digest[:12] in str(error.value)


def test_weighing_refuses_a_distribution_of_other_rollouts(
    copied: Path, workspace_at: Open
) -> None:
    workspace = workspace_at(copied, arms=ARMS)
    run = redrawn(workspace, "rlsd-s0")
    run.make(RewardsStage)
    with pytest.raises(AlignmentError, match="materialize logprobs again") as error:
        run.make(TokenWeightsStage)
    old = run.read("logprobs").manifest.inputs["rollouts"]
    assert old[:12] in str(error.value)
    assert run.read("rollouts").digest[:12] in str(error.value)


def test_a_distribution_that_no_disk_should_hold(
    copied: Path, workspace_at: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = workspace_at(copied, arms=ARMS)
    run = moved(workspace, "all-s0", workspace.at("rlsd-s0", 0))
    monkeypatch.setattr(alignment, "LARGEST_DISTRIBUTION", 300)
    with pytest.raises(ConfigError, match=r"\(300 entries a token\): set the divergence's `top_k`"):
        run.make(LogprobsStage)
    monkeypatch.undo()
    rows = run.make(LogprobsStage).table(TeacherDistribution).to_pylist()
    # The four vision placeholders are suppressed; everything else is kept.
    assert {row["support_size"] for row in rows} == {296}
    assert {value for row in rows for value in row["tail_logprobs"]} == {-100.0}
