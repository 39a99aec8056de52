"""Every check fails on what it is there for, and says at which partition."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from assets.cli.loop import Loop, open_instance
from assets.graph import stage_assets
from rlsd_pipeline.progress import Silent
from schemas import Reward
from tests.assets.materialized import Known, Opened
from tests.iterated import iterate

MINE = """\
from safetensors.torch import load_file, save_file

from rlsd_pipeline.artifacts import to_table
from rlsd_pipeline.artifacts.tables import record_table
from rlsd_pipeline.stages.iteration.logprobs import LogprobsStage
from rlsd_pipeline.stages.iteration.policy_checkpoint import PolicyCheckpointStage
from rlsd_pipeline.stages.iteration.problems import ProblemsStage
from rlsd_pipeline.weighting.grpo import GRPO
from schemas import Problem, Rollout, TokenLogprobs


class Unanswered(ProblemsStage):
    def write(self, run, inputs, out):
        row = Problem.example | {"answer": " "}
        out.table(Problem, record_table(Problem, [Problem.model_validate(row)]))


class Reversed(LogprobsStage):
    def write(self, run, inputs, out):
        rollouts = inputs["rollouts"].table(Rollout)[::-1]
        ids = rollouts["completion_ids"].to_pylist()
        columns = dict.fromkeys(TokenLogprobs.model_fields, [None] * len(ids))
        columns |= {name: rollouts[name] for name in ("rollout_id", "completion_ids")}
        columns["student_logprobs"] = [[-1.0] * len(tokens) for tokens in ids]
        out.table(TokenLogprobs, to_table(TokenLogprobs, columns))


class Broken(PolicyCheckpointStage):
    def write(self, run, inputs, out):
        super().write(run, inputs, out)
        path = out.path("model.safetensors")
        weights = load_file(path)
        next(iter(weights.values())).view(-1)[0] = float("nan")
        save_file(weights, path)


class Backwards(GRPO):
    def streams(self, credit):
        given = super().streams(credit)
        return given._replace(token_advantages=-given.token_advantages)
"""

GRPO = {"weighting": {"type": "grpo"}}

CASES: dict[str, tuple[dict[str, Any], str]] = {
    "rewards:judged": (
        {"stages": {"rewards": {"type": "table", "path": "unjudged.jsonl"}}},
        "4 of 4 groups carry no reward: verifier errors",
    ),
    "logprobs:aligned": (
        {"stages": {"logprobs": {"type": "./mine.py:Reversed"}}},
        "16 rows are about other tokens",
    ),
    "token_weights:sign_never_flips": (
        {"arms": [{"name": "grpo", "weighting": {"type": "./mine.py:Backwards"}}]},
        "tokens with the opposite sign of their advantage",
    ),
    "policy_checkpoint:finite": (
        {"stages": {"policy_checkpoint": {"type": "./mine.py:Broken"}}},
        "1 weights are not finite",
    ),
}


def last_evaluation(instance: dg.DagsterInstance, name: str) -> dg.AssetCheckEvaluation:
    stage, check = name.split(":")
    key = dg.AssetCheckKey(dg.AssetKey(["small", stage]), check)
    (record,) = instance.event_log_storage.get_asset_check_execution_history(key, limit=1)
    assert record.event is not None
    assert record.event.dagster_event is not None
    return record.event.dagster_event.asset_check_evaluation_data


def write_unjudged(loop: Loop, file: Path) -> None:
    """The rewards of the first iteration, as if the verifier had failed on every response."""
    artifact = loop.workspace.store.ref("small/grpo-s0/000/rewards")
    assert artifact is not None
    failed = {"verdict": "verifier_error", "reward": None, "advantage": 0.0, "extracted": None}
    rows = [row | failed for row in artifact.table(Reward).to_pylist()]
    file.write_text("".join(f"{json.dumps(row)}\n" for row in rows))


@pytest.mark.parametrize("name", CASES)
def test_a_check_of_an_iteration_fails_on_what_it_is_there_for(
    loop: Opened, declare: Callable[..., Path], name: str
) -> None:
    opened, instance = loop
    changes, said = CASES[name]
    folder = opened.file.parent
    (folder / "mine.py").write_text(MINE)
    write_unjudged(opened, folder / "unjudged.jsonl")
    changed = Loop(declare(**({"arms": [GRPO]} | changes)), instance, Silent())
    with pytest.raises(dg.DagsterError, match=name.split(":")[1]):
        iterate(changed, "grpo-s0", 0)
    found = last_evaluation(instance, name)
    assert not found.passed
    assert said in str(found.description)
    assert found.partition == "grpo-s0|000"


def test_gold_answers_that_the_verifier_rejects_fail_their_check(
    declare: Callable[..., Path],
) -> None:
    file = declare(stages={"problems": {"type": "./mine.py:Unanswered"}})
    (file.parent / "mine.py").write_text(MINE)
    with open_instance() as instance:
        with pytest.raises(dg.DagsterError, match="gold_answers_verify"):
            Loop(file, instance, Silent())._run("problems")
        found = last_evaluation(instance, "problems:gold_answers_verify")
    assert not found.passed
    assert found.description == "1 gold answers are rejected"


def test_no_check_is_left_out_here(loop: Opened) -> None:
    """A check that never fails shows green for nothing."""
    specs = [spec for asset in stage_assets(loop[0].declared) for spec in asset.check_specs]
    names = {f"{spec.asset_key.path[1]}:{spec.name}" for spec in specs}
    assert names == {*CASES, "problems:gold_answers_verify"}


def test_every_check_is_recorded_and_passed(known: Known) -> None:
    declared, instance, _ = known
    specs = [spec for asset in stage_assets(declared) for spec in asset.check_specs]
    places = {f"{arm}-s0|00{k}" for arm in ("grpo", "rlsd") for k in range(2)}
    assert len(specs) == 5
    for spec in specs:
        history = instance.event_log_storage.get_asset_check_execution_history(spec.key, limit=20)
        evaluations = [record.event.dagster_event.event_specific_data for record in history]
        # Two arms by two iterations; the data set is one.
        whole = spec.key.asset_key.path[-1] == "problems"
        assert len(evaluations) == (1 if whole else 4)
        assert {e.partition for e in evaluations} == ({None} if whole else places)
        assert all(e.passed and e.metadata["found"].value == "0" for e in evaluations)
