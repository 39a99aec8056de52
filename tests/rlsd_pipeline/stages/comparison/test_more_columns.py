"""Columns that the compared methods read, beside the tables that the arm trains on."""

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rlsd_pipeline.artifacts import Artifact
from rlsd_pipeline.config.contexts import ContextsConfig
from rlsd_pipeline.credit.columns import ASKED
from rlsd_pipeline.models.logprobs import ScoringBatch, completion_logprobs
from rlsd_pipeline.privileged.kinds.sibling import demonstration
from rlsd_pipeline.stages.comparison.more_columns import kept_columns, make_columns
from rlsd_pipeline.stages.comparison.weighting_comparison import WeightingComparisonStage
from rlsd_pipeline.stages.iteration.logprobs import LogprobsStage
from rlsd_pipeline.stages.workspace import StageRun, Workspace
from schemas import Reward, Rollout, TokenLogprobs, WeightingComparison

BY_IMAGE = ("blank_image_logprobs", "blurred_image_logprobs", "patched_image_logprobs")

ARMS = [
    {"weighting": {"type": "grpo"}},
    {"weighting": {"type": "rlsd", "decay": 4}},
    {"weighting": {"type": "tests.rlsd_pipeline.stages.comparison.asking:Asking"}},
]


@pytest.fixture
def run(copied: Path, workspace_at: Callable[..., Workspace]) -> StageRun:
    return workspace_at(copied, arms=ARMS).at("grpo-s0", 0)


def columns(artifact: Artifact | None) -> dict[str, list]:
    assert artifact is not None
    table = artifact.table(TokenLogprobs)
    return {name: table[name].to_pylist() for name in table.column_names}


def test_a_comparison_says_what_makes_a_column_and_shows_the_method_once_it_is_made(
    run: StageRun,
) -> None:
    before = run.make(WeightingComparisonStage).record(WeightingComparison)
    command = "`rlsd compare small --arm grpo-s0 --iteration 0 --columns`"
    assert "needs blank_image_logprobs, " in before.left_out["asking"]
    assert command in before.left_out["asking"]
    assert command in before.left_out["rlsd"]
    own = run.read("logprobs")
    made = columns(make_columns(run))
    assert run.read("logprobs").digest == own.digest
    after = run.make(WeightingComparisonStage).record(WeightingComparison)
    assert after.left_out == {}
    assert (after.teacher, after.privileged) == (run.read("policy").digest, "answer")
    assert {"asking", "rlsd", "opsd"} <= {method.method for method in after.methods}
    assert run.stage(WeightingComparisonStage).is_current(run)
    # What another wording or another draw of siblings left is not what is asked for here.
    other = run.experiment.model_copy(update={"contexts": ContextsConfig(seed=1)})
    changed = replace(run, workspace=replace(run.workspace, experiment=other))
    assert kept_columns(run, run.read("rollouts"), own) is not None
    assert kept_columns(changed, run.read("rollouts"), own) is None
    assert made["student_logprobs"] == columns(own)["student_logprobs"]
    for squared, entropy in zip(
        made["student_squared_probs"], made["student_entropy"], strict=True
    ):
        for mass, nats in zip(squared, entropy, strict=True):
            # Of all distributions with this mass: -log Σ p² is at most the entropy.
            assert -math.log(mass) <= nats + 1e-5
    assert all(value is not None for name in BY_IMAGE for value in made[name])
    assert len({str(made[name]) for name in BY_IMAGE}) == 3


def test_an_arm_computes_what_its_method_reads_and_nothing_else(run: StageRun) -> None:
    decided = {
        arm: LogprobsStage().settings(run.workspace.at(arm, 0))
        for arm in ("grpo-s0", "rlsd-s0", "asking-s0")
    }
    assert decided["grpo-s0"] == {"temperature": 1.0}
    assert decided["rlsd-s0"] == {"temperature": 1.0, "privileged": "answer"}
    assert decided["asking-s0"]["columns"] == sorted(ASKED)
    assert decided["asking-s0"]["contexts"] == ContextsConfig().model_dump()
    assert run.workspace.at("asking-s0", 0).arm.teacher_reads_rewards
    # Of what nobody asked for there is nothing: sampling's numbers are the student's here.
    assert all(set(columns(run.read("logprobs"))[name]) == {None} for name in ASKED)


def test_a_sibling_stands_in_the_template_and_never_beside_itself(run: StageRun) -> None:
    made = columns(make_columns(run))
    rollouts = run.read("rollouts").table(Rollout).to_pylist()
    verdicts = [row["verdict"] for row in run.read("rewards").table(Reward).to_pylist()]
    policy = run.workspace.pool.get(run.read("policy"))
    problems = run.workspace.problems(run.read("problems"))
    alone = 0
    for row, rollout in enumerate(rollouts):
        group = [i for i, other in enumerate(rollouts) if _group(other) == _group(rollout)]
        right, wrong = (
            [i for i in group if verdicts[i] == kind and i != row]
            for kind in ("correct", "incorrect")
        )
        assert (made["correct_sibling_logprobs"][row] is None) == (not right)
        for name in ("wrong_sibling_logprobs", "mean_wrong_sibling_logprobs"):
            assert (made[name][row] is None) == (not wrong)
        if len(right) != 1 or len(wrong) != 2:
            continue
        alone += 1
        problem = problems[_group(rollout)]
        found = []
        for other in (*right, *wrong):
            text = f"{problem.question} sibling: {demonstration(rollouts[other]['completion'])}"
            batch = ScoringBatch(
                [policy.encode(text, problem.images)], [0], [rollout["completion_ids"]]
            )
            (scores,) = completion_logprobs(policy, batch)
            found.append(np.array(scores))
        assert made["correct_sibling_logprobs"][row] == pytest.approx(found[0], abs=1e-4)
        mean = np.log((np.exp(found[1]) + np.exp(found[2])) / 2)
        assert made["mean_wrong_sibling_logprobs"][row] == pytest.approx(mean, abs=1e-4)
        one = np.array(made["wrong_sibling_logprobs"][row])
        assert min(np.abs(one - each).max() for each in found[1:]) < 1e-4
    assert alone


def _group(rollout: dict) -> str:
    return str(rollout["problem_id"])
