"""A verifier of a user's own judges, and where it breaks the message leads to its line."""

from pathlib import Path

import pytest

from rlsd_pipeline.artifacts import Artifact
from rlsd_pipeline.errors import DataError
from rlsd_pipeline.stages.iteration.policy import PolicyStage
from rlsd_pipeline.stages.iteration.problems import ProblemsStage
from rlsd_pipeline.stages.iteration.rewards import RewardsStage
from rlsd_pipeline.stages.iteration.rollouts import RolloutsStage
from rlsd_pipeline.stages.workspace import StageRun
from schemas import Problem, Reward, Rollout, Verdict
from tests.examples.conftest import Small


def judged(run: StageRun) -> tuple[Artifact, Artifact]:
    """The rollouts and the rewards of an iteration."""
    run.workspace.whole().make(ProblemsStage)
    run.make(PolicyStage)
    return run.make(RolloutsStage), run.make(RewardsStage)


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        ("rectangle", Verdict.CORRECT),
        # 16 of 17 letters in pairs: rectngle against rectangle.
        ("Rectngle", Verdict.CORRECT),
        ("circle", Verdict.INCORRECT),
    ],
)
def test_the_shipped_verifier_forgives_spelling(
    small: Small, answer: str, verdict: Verdict
) -> None:
    verifier = small("own_verifier", keep=("verifier",)).verifier
    problem = Problem.model_validate({**Problem.example, "answer": "rectangle", "choices": []})
    found = verifier.verify(f"<think>so</think><answer>{answer}</answer>", problem)
    assert (found.verdict, found.extracted) == (verdict, answer)


JUDGE = """
    def judge(self, completion, problem):
        right = len(completion) % 2 == 0 or problem.answer in completion
        return Verification(Verdict.CORRECT if right else Verdict.INCORRECT, None, None)
"""


def test_changed_code_judges_anew_what_was_sampled_once(small: Small, tmp_path: Path) -> None:
    first = judged(small("own_verifier", keep=("verifier",)).at("grpo-s0", 0))
    again = judged(small("own_verifier", keep=("verifier",)).at("grpo-s0", 0))
    assert [artifact.cache_hit for artifact in again] == [True, True]
    # A model that has learnt nothing writes no answer.
    assert first[1].table(Reward)["extracted"].null_count == 16

    file = tmp_path / "own_verifier" / "verifier.py"
    code = file.read_text().replace("import Verifier", "import Verification, Verifier")
    file.write_text(code.replace("import Problem", "import Problem, Verdict") + JUDGE)
    changed = judged(small("own_verifier", keep=("verifier",)).at("grpo-s0", 0))
    assert [artifact.cache_hit for artifact in changed] == [True, False]
    completions = changed[0].table(Rollout)["completion"].to_pylist()
    verdicts = changed[1].table(Reward)["verdict"].to_pylist()
    assert set(verdicts) == {"correct", "incorrect"}
    assert [verdict == "correct" for verdict in verdicts] == [
        len(completion) % 2 == 0 for completion in completions
    ]


def test_a_verifier_that_breaks_stops_the_data_set_and_names_its_line(
    small: Small, tmp_path: Path
) -> None:
    small("own_verifier", keep=("verifier",))
    file = tmp_path / "own_verifier" / "verifier.py"
    broken = file.read_text().replace("matcher.ratio() >=", "matcher.ratios() >=")
    file.write_text(broken)
    line = 1 + broken[: broken.index("ratios")].count("\n")
    workspace = small("own_verifier", keep=("verifier",))
    with pytest.raises(DataError) as error:
        workspace.whole().make(ProblemsStage)
    said = str(error.value)
    assert "ends in an error on the gold answer of 15 of 15 problems, first " in said
    assert "AttributeError" in said
    assert f"verifier.py, line {line})" in said
