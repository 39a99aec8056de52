import re
from collections import Counter

import pytest

from rlsd_pipeline.data.reading import read_problems
from rlsd_pipeline.data.sources.arithmetic import ArithmeticDataset, Expression
from rlsd_pipeline.errors import DataError
from rlsd_pipeline.verifiers.exact import ExactVerifier
from rlsd_pipeline.verifiers.extractions.last_line import LastLine
from rlsd_pipeline.verifiers.verifier import check_gold


def numbers(question: str) -> tuple[int, ...]:
    return tuple(sorted(map(int, re.findall(r"\d+", question))))


def test_an_expression_by_hand() -> None:
    expression = Expression((12, 7, 4), ("+", "-"))
    assert str(expression) == "12 + 7 - 4"
    assert expression.running == [12, 19, 15]
    assert expression.steps == "12 + 7 = 19, 19 - 4 = 15"
    assert Expression((3, 3), ("-",)).steps == "3 - 3 = 0"


def test_the_same_declaration_draws_the_same_problems() -> None:
    drawn = read_problems(ArithmeticDataset(train_questions=3, test_questions=2, seed=7))
    assert [(p.problem_id, p.split, p.answer, p.solution) for p in drawn] == [
        ("5+18", "train", "23", "5 + 18 = 23"),
        ("13-8", "train", "5", "13 - 8 = 5"),
        ("14-12+7", "train", "9", "14 - 12 = 2, 2 + 7 = 9"),
        ("16+10", "test", "26", "16 + 10 = 26"),
        ("20+18+1", "test", "39", "20 + 18 = 38, 38 + 1 = 39"),
    ]
    assert drawn[2].question == "What is 14 - 12 + 7?"
    other = read_problems(ArithmeticDataset(train_questions=3, test_questions=2, seed=8))
    assert {p.problem_id for p in other} != {p.problem_id for p in drawn}


def test_every_answer_is_what_python_makes_of_the_question() -> None:
    drawn = read_problems(ArithmeticDataset(terms=[2, 3, 4], largest=30, seed=1))
    assert len(drawn) == 2200
    for problem in drawn:
        signed = re.findall(r"[+-]?\d+", "+" + problem.problem_id)
        assert int(problem.answer) == sum(map(int, signed)) >= 0
        asked = " ".join(re.findall(r"[0-9]+|[+-]", problem.problem_id))
        assert problem.question == f"What is {asked}?"
        steps = str(problem.solution).split(", ")
        assert len(steps) == len(signed) - 1
        assert steps[-1].endswith(f"= {problem.answer}")
        for step in steps:
            left, result = step.split(" = ")
            assert sum(map(int, re.findall(r"[+-]?\d+", left.replace(" ", "")))) == int(result) >= 0


def test_splits_share_no_numbers() -> None:
    drawn = read_problems(ArithmeticDataset(terms=[3], largest=12, seed=2))
    assert len({p.problem_id for p in drawn}) == len(drawn)
    learnt = {numbers(p.question) for p in drawn if p.split == "train"}
    held_out = {numbers(p.question) for p in drawn if p.split == "test"}
    assert learnt
    assert held_out
    assert not learnt & held_out


def test_lengths_and_operations_are_as_declared() -> None:
    drawn = read_problems(
        ArithmeticDataset(train_questions=7, test_questions=4, terms=[3, 2, 3], operations=["+"])
    )
    counts = Counter((p.split, p.attributes["terms"]) for p in drawn)
    assert counts == {("train", "2"): 4, ("train", "3"): 3, ("test", "2"): 2, ("test", "3"): 2}
    assert {p.attributes["operations"] for p in drawn} == {"+"}
    mixed = read_problems(ArithmeticDataset(train_questions=60, test_questions=2, terms=[3]))
    assert {p.attributes["operations"] for p in mixed} == {"+", "-", "mixed"}


def test_more_questions_than_there_are() -> None:
    # Of two numbers up to 3: nine sums, and six differences that are not negative.
    config = ArithmeticDataset(train_questions=14, test_questions=1, terms=[2], largest=3)
    with pytest.raises(DataError, match=r"different questions of 2 numbers .*14 were asked"):
        read_problems(config)


def test_the_verifier_accepts_its_own_answers() -> None:
    verifier = ExactVerifier(extraction=LastLine())
    drawn = read_problems(ArithmeticDataset(train_questions=50, test_questions=20))
    assert check_gold(verifier, drawn) == []


def test_the_source_is_the_generator() -> None:
    assert ArithmeticDataset().content_version() == "arithmetic 1"
