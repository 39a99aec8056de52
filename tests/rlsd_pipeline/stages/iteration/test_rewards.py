from types import SimpleNamespace

import pytest

from rlsd_pipeline.errors import DataError
from rlsd_pipeline.groups import Groups
from rlsd_pipeline.stages.iteration.rewards import require_judged, verify
from rlsd_pipeline.verifiers.exact import ExactVerifier
from rlsd_pipeline.verifiers.groups import unjudged_groups
from schemas import Problem, Verdict

RIGHT, FAILED = Verdict.CORRECT, Verdict.VERIFIER_ERROR
GROUPS = Groups(["a", "a", "b", "b", "c", "c"])


def test_a_group_is_unjudged_where_the_verifier_failed_on_most_of_it() -> None:
    assert unjudged_groups(GROUPS, [FAILED, FAILED, RIGHT, FAILED, RIGHT, RIGHT]) == ["a"]


def test_training_goes_on_while_most_groups_are_judged() -> None:
    require_judged(GROUPS, [FAILED, FAILED, RIGHT, FAILED, RIGHT, RIGHT], [None] * 6)


def test_training_stops_where_verifier_errors_are_the_rule() -> None:
    verdicts = [FAILED] * 4 + [RIGHT] * 2
    with pytest.raises(DataError, match="2 of 3 groups, first a, b, most often because it broke"):
        require_judged(GROUPS, verdicts, ["it broke"] * 4 + [None] * 2)


@pytest.mark.parametrize(
    ("extraction", "completion", "cut", "verdict"),
    [
        ({"type": "last_line", "prefix": "Answer:"}, "so\nAnswer: 2", False, Verdict.CORRECT),
        # The next token might have been a 4.
        ({"type": "last_line", "prefix": "Answer:"}, "so\nAnswer: 2", True, Verdict.TRUNCATED),
        ({"type": "last_line", "prefix": "Answer:"}, "so\nAnswer: 3", True, Verdict.TRUNCATED),
        ({"type": "last_line", "prefix": "Answer:"}, "so\nAns", True, Verdict.TRUNCATED),
        ({"type": "boxed"}, r"\boxed{2} and so", True, Verdict.CORRECT),
        ({"type": "boxed"}, r"\boxed{2", True, Verdict.TRUNCATED),
        ({"type": "answer_tag"}, "<answer>2</answer>", True, Verdict.CORRECT),
        ({"type": "answer_tag"}, "<answer>2</ans", True, Verdict.TRUNCATED),
        ({"type": "final_answer"}, "The answer is 2", True, Verdict.TRUNCATED),
        ({"type": "final_answer"}, "The answer is 2. It was", True, Verdict.CORRECT),
    ],
)
def test_an_answer_that_was_cut_is_no_answer(
    extraction: dict[str, str],
    completion: str,
    cut: bool,
    verdict: Verdict,
) -> None:
    verifier = ExactVerifier.model_validate({"extraction": extraction})
    workspace = SimpleNamespace(verifier=verifier)
    problem = Problem(
        problem_id="p",
        split="train",
        question="what is 1 + 1?",
        images=[],
        answer="2",
        solution=None,
        choices=[],
        attributes={},
    )
    assert verify(workspace, completion, problem, cut=cut).verdict is verdict
