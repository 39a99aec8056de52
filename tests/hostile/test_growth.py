"""No rule's processor time grows faster than the response, whatever is repeated in it."""

from collections.abc import Callable

import pytest

from rlsd_pipeline.evaluation.scored import Mode
from rlsd_pipeline.evaluation.scoring import Prediction, judge
from rlsd_pipeline.evaluation.variants import VARIANTS
from schemas import Problem
from tests.benchmark_fixtures import BENCHMARKS
from tests.cost import processor_seconds
from tests.hostile.test_hostile import MODES, problems

UNITS = (
    *(" ", "\t", "\r", "\n", "\x0b", "\x0c", "\u00a0", "\u2003", "~", "$", "\\", "\\,", "\\\\"),
    *("{", "}", "{}", "(", "(A", "(A)", "A ", "[", "-", "+", "1+", "*", "/", "1/2", "^", "_", "!"),
    *("=", "a=", "a =", "a  ", ",", "1,", ".", ".5", "1.\n", ":", "1:", "'", '"', "1", "x", "é"),
    *("is ", "so ", "or ", "and ", "answer ", "the answer is ", "Answer: ", "units", "km", "％"),
    *("\\frac", "\\sqrt", "\\left", "\\text{", "\\boxed{", "\\quad", "\\pi", "^{\\circ}", "%"),
    *("<answer>", "<think>", "</think>", "<", "|", "**", "½", "１", "٣", "₁", "\u200b", "−"),
)
FORMS = ("{}", "The answer is {{{}6}}", "\\boxed{{{}6}}", "({}1,2)")
SHORT, LONG = 4_800, 48_000
"""Characters; ten times as many may cost ten times as much."""
FREE = 0.5
"""Seconds of processor time that the long text may take without a comparison."""


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", ["mmmu", "mathvista", "mathvision", "zerobench", "wemath"])
def test_cost_follows_the_length(name: str, mode: Mode) -> None:
    rule = BENCHMARKS[name].rules[mode]()
    steep = [
        (problem.problem_id, route, unit, form)
        for problem in problems(name)
        for route, work in _routes(lambda each, p=problem: judge(rule, p, each), problem)
        for unit in UNITS
        for form in FORMS
        if _is_steep(work, unit, form)
    ]
    assert steep == []


def test_every_rule_is_here_or_shares_one_that_is() -> None:
    assert {each().type for each in VARIANTS} == {"mathvista_published", "mmmu_pro"}
    assert set(BENCHMARKS) == {"mmmu", "mathvista", "mathvision", "zerobench", "wemath"}


def _routes(
    settle: Callable[[Prediction], object], problem: Problem
) -> list[tuple[str, Callable[[str], object]]]:
    def response(text: str) -> object:
        return settle(Prediction(problem.problem_id, text))

    def extraction(text: str) -> object:
        return settle(Prediction(problem.problem_id, extraction=text))

    return [("response", response), ("extraction", extraction)]


def _is_steep(work: Callable[[str], object], unit: str, form: str) -> bool:
    def text(length: int) -> str:
        return form.format(unit * (length // len(unit)))

    # A quadratic rule takes a hundredth here of what the long text would take: two seconds.
    short = processor_seconds(work, text(SHORT))
    if short < FREE / 25:
        return False
    limit = max(FREE, 40 * short)
    # Starting a worker process costs once; what is steep is so every time.
    return all(processor_seconds(work, text(LONG)) > limit for _ in range(3))
