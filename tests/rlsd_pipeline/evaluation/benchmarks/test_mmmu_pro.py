import pytest

from rlsd_pipeline.errors import DataError
from rlsd_pipeline.evaluation.scoring import Prediction, settle
from rlsd_pipeline.evaluation.variants.mmmu_pro import MMMUPro
from schemas import Verdict

ROW = {"id": "test_Art_1", "options": "['oak', 'elm', 'fir']", "answer": "C", "subject": "Art"}
NESTED = {**ROW, "id": "validation_Art_2", "options": "[['oak', 'elm', 'fir']]"}


def test_read() -> None:
    problem = MMMUPro().read({**ROW, "question": "Which tree?"})
    assert (problem.problem_id, problem.split, problem.answer) == ("test_Art_1", "test", "C")
    assert (problem.question, problem.choices) == ("Which tree?", ["oak", "elm", "fir"])
    assert problem.attributes == {"subject": "Art"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"options": "oak, elm"}, "options must be a Python list written as text, found 'oak, elm"),
        ({"options": "[]"}, "options must be a Python list"),
        ({"answer": "D"}, "has 3 options and the answer 'D', not the letter of one of them"),
    ],
)
def test_bad_rows(change: dict[str, str], message: str) -> None:
    with pytest.raises(DataError, match=message):
        MMMUPro().read({**ROW, "question": "Which tree?", **change})


def test_a_list_in_a_list_is_one_option_for_the_authors_alone() -> None:
    problem = MMMUPro().read(NESTED)
    said = [Prediction(problem.problem_id, "Answer: C")]
    problems = {problem.problem_id: problem}
    (official,) = settle(MMMUPro(mode="official"), problems, said)
    assert (official.extracted, official.guessed, official.verdict) == (
        "A",
        True,
        Verdict.INCORRECT,
    )
    (robust,) = settle(MMMUPro(mode="robust"), problems, said)
    assert (robust.extracted, robust.verdict) == ("C", Verdict.CORRECT)
