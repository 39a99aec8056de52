"""A teacher that sees a part of the image, or is told a hint, scores the student's tokens."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from rlsd_pipeline.models.logprobs import ScoringBatch, completion_logprobs
from rlsd_pipeline.privileged.kinds.crop import Crop
from rlsd_pipeline.stages.iteration.logprobs import LogprobsStage
from rlsd_pipeline.stages.iteration.policy import PolicyStage
from rlsd_pipeline.stages.iteration.problems import ProblemsStage
from rlsd_pipeline.stages.iteration.rewards import RewardsStage
from rlsd_pipeline.stages.iteration.rollouts import RolloutsStage
from rlsd_pipeline.stages.workspace import Workspace
from schemas import Rollout, TokenLogprobs
from tests.rlsd_pipeline.stages.conftest import DECLARED

BOXED = "tests.rlsd_pipeline.privileged.boxed:Boxed"
ARMS = [
    {"name": "crop", "weighting": {"type": "rlsd"}, "privileged": "crop"},
    {"name": "cue", "weighting": {"type": "rlsd"}, "privileged": "cue"},
]


def test_the_teacher_sees_what_its_context_gives(
    tmp_path: Path, workspace_at: Callable[..., Workspace]
) -> None:
    dataset = {**DECLARED["dataset"], "type": BOXED}
    prompts = {**DECLARED["prompts"], "cue_reference": "{question} hint: {cue}"}
    workspace = workspace_at(tmp_path, dataset=dataset, prompts=prompts, arms=ARMS)
    workspace.whole().make(ProblemsStage)
    scores = {}
    for arm in ("crop", "cue"):
        run = workspace.at(f"{arm}-s0", 0)
        for stage in (PolicyStage, RolloutsStage, RewardsStage, LogprobsStage):
            scores[arm] = run.make(stage)
    scores = {arm: artifact.table(TokenLogprobs) for arm, artifact in scores.items()}
    assert scores["crop"]["student_logprobs"] == scores["cue"]["student_logprobs"]
    run = workspace.at("crop-s0", 0)
    problems = workspace.problems(run.read("problems"))
    policy = workspace.pool.get(run.read("policy"))
    rollout = run.read("rollouts").table(Rollout).to_pylist()[0]
    problem = problems[rollout["problem_id"]]
    seen = {
        "crop": (problem.question, Crop().images(problem)),
        "cue": (f"{problem.question} hint: {problem.cue}", problem.images),
    }
    for arm, (text, images) in seen.items():
        batch = ScoringBatch([policy.encode(text, images)], [0], [rollout["completion_ids"]])
        (expected,) = completion_logprobs(policy, batch)
        found = scores[arm]["teacher_logprobs"][0].as_py()
        assert found == pytest.approx(expected, abs=1e-4)
        student = np.array(scores[arm]["student_logprobs"][0].as_py())
        assert np.abs(np.array(found) - student).max() > 1e-4
