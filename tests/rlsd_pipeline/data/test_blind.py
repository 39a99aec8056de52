import pytest

from rlsd_pipeline.data.blind import blind_baseline
from schemas import Problem


def problems(*pairs: tuple[str, str]) -> list[Problem]:
    return [
        Problem.model_validate(
            {**Problem.example, "problem_id": str(i), "question": question, "answer": answer}
        )
        for i, (question, answer) in enumerate(pairs)
    ]


def test_answers_with_what_the_same_words_were_answered() -> None:
    train = problems(
        ("is it red?", "no"),
        ("is it red?", "no"),
        ("is it red?", "yes"),
        ("is it blue?", "yes"),
        ("what is it?", "yes"),
        ("what is it?", "yes"),
    )
    test = problems(
        ("is it red?", "no"),  # hit: no, two of three
        ("is it red?", "yes"),  # miss
        ("is it blue?", "yes"),  # hit
        ("is it green?", "yes"),  # hit: never asked, "yes" is the most frequent of all
        ("is it green?", "no"),  # miss
    )
    assert blind_baseline(train, test) == pytest.approx(3 / 5)


def test_words_without_information() -> None:
    train = problems(("q?", "a"), ("q?", "a"), ("q?", "b"))
    assert blind_baseline(train, problems(("q?", "b"), ("q?", "c"))) == 0
    assert blind_baseline(train, problems(("q?", "a"))) == 1
