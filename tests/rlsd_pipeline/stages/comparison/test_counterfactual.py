"""The same place under another method: what it reads, and what it must not touch."""

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from rlsd_pipeline.config.teacher import EMATeacher, FrozenTeacher, SyncedTeacher
from rlsd_pipeline.errors import ArtifactError
from rlsd_pipeline.stages.comparison.compared_methods import compared_methods
from rlsd_pipeline.stages.comparison.counterfactual import as_if
from rlsd_pipeline.stages.iteration.logprobs import LogprobsStage
from rlsd_pipeline.stages.iteration.policy_checkpoint import PolicyCheckpointStage
from rlsd_pipeline.stages.iteration.token_weights import TokenWeightsStage
from rlsd_pipeline.stages.workspace import Workspace
from rlsd_pipeline.weighting.grpo import GRPO
from rlsd_pipeline.weighting.opsd import OPSD
from rlsd_pipeline.weighting.rlsd import RLSD
from rlsd_pipeline.weighting.sdpo import SDPO

Open = Callable[..., Workspace]

STRONG = RLSD(mix=1.0, clip=0.5, decay=None)


def references(workspace: Workspace) -> dict[str, str]:
    """Every name of the store, and the content it points to."""
    store = workspace.store
    return {name: store.ref(name).digest for name in store.refs("small/")}


def manifests(store: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in store.rglob("manifest.json")}


def test_what_it_has_not_made_is_the_arms(copied: Path, workspace_at: Open) -> None:
    run = workspace_at(copied).at("rlsd-s0", 1)
    counterfactual = as_if(run, "strong", STRONG)
    for stage in ("problems", "policy", "rollouts", "rewards", "logprobs", "token_weights"):
        assert counterfactual.read(stage).digest == run.read(stage).digest
    assert counterfactual.read("policy", 0).digest == run.read("policy", 0).digest
    counterfactual.make(TokenWeightsStage)
    assert counterfactual.read("token_weights").digest != run.read("token_weights").digest
    assert counterfactual.read("rewards").digest == run.read("rewards").digest


def test_what_nobody_has_made_is_named_as_the_arms(copied: Path, workspace_at: Open) -> None:
    counterfactual = as_if(workspace_at(copied).at("rlsd-s0", 3), "strong", STRONG)
    with pytest.raises(ArtifactError, match="no artifact small/rlsd-s0/003/rollouts "):
        counterfactual.read("rollouts")


def test_nothing_of_the_arm_is_changed(copied: Path, workspace_at: Open) -> None:
    workspace = workspace_at(copied)
    run = workspace.at("rlsd-s0", 1)
    before, stored = references(workspace), manifests(copied)
    counterfactual = as_if(run, "rlsd, strong", STRONG)
    for stage in (LogprobsStage, TokenWeightsStage, PolicyCheckpointStage):
        counterfactual.make(stage)
    after = references(workspace)
    assert before.items() <= after.items()
    name = f"rlsd-strong-{sha256(b'rlsd, strong').hexdigest()[:8]}"
    place = f"small/rlsd-s0/001/what_if/001/{name}"
    assert set(after) - set(before) == {
        f"{place}/logprobs",
        f"{place}/token_weights",
        f"{place}/policy_checkpoint",
        f"small/rlsd-s0/002/what_if/001/{name}/policy",
    }
    assert stored.items() <= manifests(copied).items()
    # The arm's own next policy is another one.
    assert after[f"{place}/policy_checkpoint"] != after["small/rlsd-s0/002/policy"]


def test_a_table_that_the_arm_has_is_not_computed_again(copied: Path, workspace_at: Open) -> None:
    """The teacher of RLSD scored these tokens, and a stronger RLSD reads the same of it."""
    run = workspace_at(copied).at("rlsd-s0", 1)
    scored = as_if(run, "strong", STRONG).make(LogprobsStage)
    assert scored.cache_hit
    assert scored.digest == run.read("logprobs").digest
    assert not as_if(run, "opsd", OPSD()).make(LogprobsStage).cache_hit


DECLARED = [
    {"weighting": {"type": "grpo"}},
    {"weighting": {"type": "rlsd", "decay": 4}},
    {"name": "frozen", "weighting": {"type": "opsd"}, "teacher": {"type": "frozen"}},
    {"weighting": {"type": "sdpo"}, "teacher": {"type": "ema"}},
    {"name": "told", "weighting": {"type": "sdpo", "groups": "all"}, "privileged": "feedback"},
]


def test_a_declared_method_has_the_teacher_declared_with_it(
    copied: Path, workspace_at: Open
) -> None:
    run = workspace_at(copied, arms=DECLARED).at("rlsd-s0", 1)
    found = {}
    for name, method in compared_methods(run).items():
        arm = as_if(run, name, method).arm
        found[name] = (type(arm.teacher), arm.privileged.type)
        assert arm.weighting == method
        # All else is the arm's.
        assert (arm.name, arm.seed, arm.update) == (run.arm.name, run.arm.seed, run.arm.update)
    assert found["frozen"] == (FrozenTeacher, "answer")
    assert found["sdpo"] == (EMATeacher, "sibling")
    assert found["grpo"] == found["rlsd"] == (SyncedTeacher, "answer")
    # Told by its declaration, and not by what SDPO's teacher usually sees.
    assert found["told"] == (SyncedTeacher, "feedback")


def test_another_method_has_the_arms_teacher_which_sees_what_the_method_needs(
    copied: Path, workspace_at: Open
) -> None:
    arms = [{"weighting": {"type": "grpo"}}, DECLARED[2] | {"privileged": "solution"}]
    run = workspace_at(copied, arms=arms).at("frozen-s0", 0)
    sdpo = as_if(run, "sdpo", SDPO()).arm
    assert (type(sdpo.teacher), sdpo.privileged.type) == (FrozenTeacher, "sibling")
    rlsd = as_if(run, "rlsd", RLSD()).arm
    assert (type(rlsd.teacher), rlsd.privileged.type) == (FrozenTeacher, "solution")


def test_another_iteration_of_the_same_arm(copied: Path, workspace_at: Open) -> None:
    run = workspace_at(copied).at("rlsd-s0", 0)
    later = as_if(run, "grpo, centred", GRPO(), 2)
    suffix = sha256(b"grpo, centred").hexdigest()[:8]
    assert later.iteration == 2
    assert later.read("policy").digest == run.read("policy", 2).digest
    assert (
        later.reference("rollouts")
        == f"small/rlsd-s0/002/what_if/000/grpo-centred-{suffix}/rollouts"
    )
    assert run.iteration == 0


def test_an_update_that_might_have_been_changes_no_later_place(
    copied: Path, workspace_at: Open
) -> None:
    """Iteration 1 was sampled by the arm's own policy, whatever iteration 0 might have made."""
    run = workspace_at(copied).at("rlsd-s0", 0)
    first = as_if(run, "strong", STRONG)
    for stage in (TokenWeightsStage, PolicyCheckpointStage):
        first.make(stage)
    arm = workspace_at(copied).at("rlsd-s0", 1)
    assert as_if(arm, "strong", STRONG).read("policy").digest == arm.read("policy").digest


def test_a_variant_and_an_arm_of_a_similar_name_are_kept_apart(
    copied: Path, workspace_at: Open
) -> None:
    run = workspace_at(copied).at("rlsd-s0", 0)
    declared = as_if(run, "rlsd-negative-only", RLSD(responses_weighted="negative", mix=0.7))
    variant = as_if(run, "rlsd, negative only", RLSD(responses_weighted="negative"))
    assert declared.reference("token_weights") != variant.reference("token_weights")
