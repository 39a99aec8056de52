"""The example with a privileged context of its user's own."""

from pathlib import Path

import pytest

from rlsd_pipeline.errors import ComponentError
from rlsd_pipeline.stages.comparison.information_gap import InformationGapStage
from rlsd_pipeline.stages.iteration.logprobs import LogprobsStage
from rlsd_pipeline.stages.iteration.policy import PolicyStage
from rlsd_pipeline.stages.iteration.problems import ProblemsStage
from rlsd_pipeline.stages.iteration.rewards import RewardsStage
from rlsd_pipeline.stages.iteration.rollouts import RolloutsStage
from rlsd_pipeline.stages.workspace import Workspace
from schemas import InformationGap, TokenLogprobs
from tests.examples.conftest import Small

NAME = "own_privileged_context"


@pytest.fixture
def sampled(small: Small) -> Workspace:
    """Rollouts with their verdicts, which both arms share."""
    workspace = small(NAME)
    workspace.whole().make(ProblemsStage)
    for arm in ("hint-s0", "answer-s0"):
        run = workspace.at(arm, 0)
        for stage in (PolicyStage, RolloutsStage, RewardsStage):
            run.make(stage)
    return workspace


def test_the_teacher_is_asked_with_the_hint(sampled: Workspace) -> None:
    hint, answer = (sampled.at(arm, 0).make(LogprobsStage) for arm in ("hint-s0", "answer-s0"))
    assert hint.manifest.inputs["rollouts"] == answer.manifest.inputs["rollouts"]
    assert answer.manifest.config["privileged"] == "answer"
    declared = hint.manifest.config["privileged"]
    assert (declared["type"], declared["letters"]) == ("context.py:Hint", 2)
    told, known = (table.table(TokenLogprobs).to_pylist() for table in (hint, answer))
    assert [row["student_logprobs"] for row in told] == [row["student_logprobs"] for row in known]
    assert all(
        one["teacher_logprobs"] != other["teacher_logprobs"]
        for one, other in zip(told, known, strict=True)
    )
    run = sampled.at("hint-s0", 0)
    assert run.make(InformationGapStage).record(InformationGap).rollouts == 16


def test_what_it_raises_is_told_with_problem_and_line(
    small: Small, sampled: Workspace, tmp_path: Path
) -> None:
    file = tmp_path / NAME / "context.py"
    file.write_text(file.read_text().replace("problem.answer[", "problem.hint["))
    broken = small(NAME).at("hint-s0", 0)
    line = next(n for n, text in enumerate(file.read_text().splitlines(), 1) if ".hint[" in text)
    with pytest.raises(
        ComponentError,
        match=rf"privileged context `context\.py:Hint`, problem \S+: AttributeError: .*line {line}",
    ):
        broken.make(LogprobsStage)
