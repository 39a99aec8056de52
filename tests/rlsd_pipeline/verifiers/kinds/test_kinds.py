import pytest

from rlsd_pipeline.verifiers.kinds.answer import Kind
from rlsd_pipeline.verifiers.math import MathVerifier
from rlsd_pipeline.verifiers.mixed import MixedVerifier
from rlsd_pipeline.verifiers.verifier import Verifier, check_gold
from schemas import Verdict
from tests.rlsd_pipeline.verifiers.kinds.verdict_table import EXAMPLES, Pair, pairs

PAIRS = list(pairs())
FIRST = {pair.problem.answer: pair for pair in reversed(PAIRS)}
OTHER_KIND = {"0.5": Kind.NUMBER, "0.05": Kind.NUMBER, "40": Kind.NUMBER, r"25\pi": Kind.EXPRESSION}
"""Golds of examples about the kind of the answers."""


@pytest.fixture(scope="module")
def verifier() -> Verifier:
    return MixedVerifier()


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.name)
def test_right_answers_are_accepted_and_wrong_ones_never(verifier: Verifier, pair: Pair) -> None:
    verdict = verifier.verify(f"<answer>{pair.answer}</answer>", pair.problem).verdict
    assert (verdict is Verdict.CORRECT) == pair.right
    assert verdict is not Verdict.VERIFIER_ERROR


def test_there_are_examples_of_every_kind() -> None:
    assert set(EXAMPLES) == set(Kind)
    assert len(PAIRS) >= 400


@pytest.mark.parametrize("pair", FIRST.values(), ids=lambda pair: pair.problem.answer)
def test_golds_are_recognised_and_pass_in_another_form(verifier: Verifier, pair: Pair) -> None:
    assert verifier.kind(pair.problem) is OTHER_KIND.get(pair.problem.answer, Kind(pair.kind))
    assert check_gold(verifier, [pair.problem]) == []


def test_a_computation_is_its_result_only_where_that_is_declared() -> None:
    asked = next(pair.problem for pair in PAIRS if pair.problem.answer == "391")

    def verdict(config: MathVerifier, answer: str) -> Verdict:
        return config.verify(f"<answer>{answer}</answer>", asked).verdict

    assert verdict(MathVerifier(), "17 × 23") is Verdict.UNPARSED
    assert verdict(MathVerifier(accept_computations=True), "17 × 23") is Verdict.CORRECT
    assert verdict(MathVerifier(accept_computations=True), "17 × 24") is Verdict.INCORRECT
