from collections.abc import Callable

from rlsd_pipeline.verifiers.exact import ExactVerifier
from rlsd_pipeline.verifiers.golds import classify
from rlsd_pipeline.verifiers.kinds.answer import Kind
from rlsd_pipeline.verifiers.mixed import MixedVerifier
from schemas import Problem


def test_golds_by_kind(problem: Callable[..., Problem]) -> None:
    problems = [
        problem("1 1/2", problem_id="mixed"),
        problem("5 km", problem_id="length"),
        problem("A", problem_id="letter", choices=["red", "blue"]),
        problem("a prism", problem_id="words"),
        problem(r"\\frac{", problem_id="broken"),
    ]
    golds = classify(MixedVerifier(), problems)
    assert golds.by_kind == {Kind.NUMBER: 1, Kind.QUANTITY: 1, Kind.CHOICE: 1, Kind.TEXT: 2}
    assert golds.only_text == ["words", "broken"]
    assert classify(ExactVerifier(), problems).only_text == []
