"""The log of TRL's own trainer, imported, beside the same responses made by this pipeline."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from rlsd_pipeline.errors import AlignmentError, DataError
from rlsd_pipeline.imports.summary import import_summary, sampler_note
from rlsd_pipeline.stages.comparison.information_gap import InformationGapStage
from rlsd_pipeline.stages.comparison.token_values import TokenValuesStage
from rlsd_pipeline.stages.comparison.weighting_comparison import WeightingComparisonStage
from rlsd_pipeline.stages.iteration.logprobs import LogprobsStage
from rlsd_pipeline.stages.iteration.policy import PolicyStage
from rlsd_pipeline.stages.iteration.problems import ProblemsStage
from rlsd_pipeline.stages.iteration.rewards import RewardsStage
from rlsd_pipeline.stages.iteration.rollouts import RolloutsStage
from schemas import (
    ImportedRollout,
    ImportReport,
    Problem,
    Reward,
    Rollout,
    TokenLogprobs,
    WeightingComparison,
)
from tests.imports.conftest import LOGS, Open
from tests.imports.tiny import SUMS, question

if TYPE_CHECKING:
    from rlsd_pipeline.artifacts import ArtifactWriter

TRL = {"type": "trl", "path": str(LOGS / "trl")}


class WrittenRollouts(RolloutsStage):
    """The texts of the log as responses of this pipeline."""

    texts: dict[str, list[str]]

    def write(self, run: Any, inputs: Any, out: ArtifactWriter) -> None:
        from rlsd_pipeline.stages.iteration.sampling import written_table

        out.table(Rollout, written_table(run, inputs["policy"], self.texts, inputs["problems"]))


def _logged(step: int) -> dict[str, list[str]]:
    """Problem -> texts, in the log's order."""
    names = {question(a, b): f"{a}+{b}" for a, b in SUMS}
    found: dict[str, list[str]] = defaultdict(list)
    for row in pq.read_table(LOGS / "trl" / f"completions_{step:05d}.parquet").to_pylist():
        found[names[row["prompt"][0]["content"]]].append(row["completion"][0]["content"])
    return dict(found)


def _attributes(model: Path, sums: Path, stages: dict[str, Any]) -> dict[str, Any]:
    return {
        "dataset": {"type": "jsonl", "path": str(sums), "test_share": 0.0},
        "model": {"type": "pretrained", "name": str(model)},
        "prompts": {"student": "{question}"},
        "sampling": {"prompts": 4, "group_size": 4, "max_prompt_tokens": 64, "max_tokens": 64},
        "stages": stages,
        "arms": [{"weighting": {"type": "rlsd"}}, {"weighting": {"type": "grpo"}}],
        "iterations": 1,
    }


def _made(opened: Open, name: str, attributes: dict[str, Any]) -> Any:
    run = opened(attributes, name).at("rlsd-s0", 0)
    stages = (ProblemsStage, PolicyStage, RolloutsStage, RewardsStage, LogprobsStage)
    for stage in (*stages, WeightingComparisonStage):
        run.make(stage)
    return run


def _figures(run: Any) -> dict[str, Any]:
    found = run.read("weighting_comparison").record(WeightingComparison).model_dump()
    return {name: found[name] for name in ("rollouts", "tokens", "signal_tokens", "methods")}


def test_the_import_gives_the_figures_of_the_same_rollouts_made_here(
    opened: Open, model: Path, sums: Path
) -> None:
    stages = {
        "rollouts": {"type": "import", "source": TRL, "steps": [2]},
        "rewards": {"type": "import", "verify": "instead"},
    }
    imported = _made(opened, "imported", _attributes(model, sums, stages))
    attributes = _attributes(model, sums, {})
    attributes["stages"] = {"rollouts": WrittenRollouts(texts=_logged(2))}
    native = _made(opened, "native", attributes)
    report = imported.read("rollouts").record(ImportReport)
    assert (report.unusable, report.groups, report.smallest_group) == ({}, 4, 4)
    ours, theirs = (run.read("rollouts").table(Rollout) for run in (native, imported))
    for column in ("prompt_ids", "completion_ids", "completion", "token_ends", "problem_id"):
        assert ours[column].to_pylist() == theirs[column].to_pylist()
    scored = [run.read("logprobs").table(TokenLogprobs) for run in (native, imported)]
    for column in ("student_logprobs", "teacher_logprobs"):
        a, b = (np.concatenate(table[column].to_pylist()) for table in scored)
        np.testing.assert_allclose(a, b, atol=1e-6)
    assert _figures(imported) == _figures(native)


def test_the_advantages_are_those_that_the_trainer_logged(
    opened: Open, model: Path, sums: Path
) -> None:
    stages = {
        "rollouts": {"type": "import", "source": TRL, "steps": [2]},
        "rewards": {"type": "import", "verify": "beside"},
    }
    run = opened(_attributes(model, sums, stages)).at("rlsd-s0", 0)
    for stage in (ProblemsStage, RolloutsStage, RewardsStage):
        run.make(stage)
    rewards, rollouts = run.read("rewards").table(Reward), run.read("rollouts")
    logged = rollouts.table(ImportedRollout)
    # TRL adds 1e-4 to the deviation, and takes the one with n - 1.
    np.testing.assert_allclose(
        np.sign(rewards["advantage"].to_numpy()), np.sign(logged["advantage"].to_numpy())
    )
    assert rewards["reward"].to_pylist() == logged["reward"].to_pylist()
    verified = np.array(rewards["reward_verified"].to_pylist())
    accepted = np.array(rewards["verdict"].to_pylist()) == "correct"
    formats = np.array(rewards["format_ok"].to_pylist())
    np.testing.assert_allclose(verified, 0.9 * accepted + 0.1 * formats)
    found = import_summary(rollouts.table(Rollout), rewards)
    assert found.groups == 4
    assert found.disagreements is not None


def test_without_a_model_the_tables_alone_are_compared(opened: Open) -> None:
    source = {"source": TRL, "tokens": "words"}
    stages = {
        "problems": {"type": "import", **source},
        "rollouts": {"type": "import", **source, "steps": [1, 2]},
        "rewards": {"type": "import"},
    }
    declared = {"stages": stages, "arms": [{"weighting": {"type": "grpo"}}], "iterations": 2}
    workspace = opened(declared)
    for iteration in range(2):
        run = workspace.at("grpo-s0", iteration)
        for stage in (ProblemsStage, RolloutsStage, RewardsStage, WeightingComparisonStage):
            run.make(stage)
        comparison = run.read("weighting_comparison").record(WeightingComparison)
        names = {method.method for method in comparison.methods}
        assert {"grpo", "grpo, centred"} <= names
        assert "no teacher scored" in comparison.left_out["rlsd"]
        assert "reads the policy's log-probabilities" in comparison.left_out["surprisal"]
        assert "learns from correct responses" in comparison.left_out["sft"]
    problems = run.read("problems").table(Problem).to_pylist()
    assert {p["question"] for p in problems} <= {question(a, b) for a, b in SUMS}


def test_a_log_without_a_reward_says_what_to_name(opened: Open) -> None:
    source = {"source": TRL | {"type": "generic", "step": "step"}, "tokens": "words"}
    stages = {
        "problems": {"type": "import", **source},
        "rollouts": {"type": "import", **source, "steps": [1]},
        "rewards": {"type": "import"},
    }
    run = opened({"stages": stages, "arms": [{"weighting": {"type": "grpo"}}]}).at("grpo-s0", 0)
    run.make(ProblemsStage)
    run.make(RolloutsStage)
    with pytest.raises(DataError, match=r"no response of the log has a reward.*looks like `trl`"):
        run.make(RewardsStage)


def test_an_import_that_holds_log_probabilities_says_how_far_its_policy_is(
    opened: Open, model: Path
) -> None:
    source = {"type": "slime", "path": str(LOGS / "slime")}
    stages = {
        "problems": {"type": "import", "source": source},
        "rollouts": {"type": "import", "source": source},
        "rewards": {"type": "import", "correct_from": 1.0},
    }
    attributes = _attributes(model, model, stages)
    attributes["dataset"] = {"type": "arithmetic"}
    run = _made(opened, "slime", attributes)
    scored = run.read("logprobs")
    table, rollouts = scored.table(TokenLogprobs), run.read("rollouts").table(Rollout)
    ours = np.concatenate(table["student_logprobs"].to_pylist()).astype(np.float64)
    theirs = np.concatenate(rollouts["rollout_logprobs"].to_pylist()).astype(np.float64)
    ratio = np.exp(ours - theirs)
    measured = scored.manifest.measurements
    assert measured["sampler_ratio_mean"] == pytest.approx(ratio.mean(), rel=1e-4)
    share = ratio.sum() ** 2 / (len(ratio) * (ratio**2).sum())
    assert measured["sampler_effective_sample_size"] == pytest.approx(share, rel=1e-3)
    assert run.read("rewards").table(Reward)["verdict"].to_pylist()[:2] == ["correct", "incorrect"]
    note = sampler_note(run)
    assert note is not None
    assert f"effective sample size {share:.0%} of the tokens" in note
    for stage in (TokenValuesStage, InformationGapStage):
        with pytest.raises(AlignmentError, match="import with `--verify"):
            run.make(stage)
