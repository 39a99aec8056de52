"""What holds for each method that is found in the folder."""

import math
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter
from torch import Tensor

import rlsd_pipeline.weighting
from rlsd_pipeline.divergences.sampled import Sampled
from rlsd_pipeline.weighting import METHODS, WeightingConfig
from rlsd_pipeline.weighting.method import Credit, TokenStreams, Weighting
from rlsd_pipeline.weighting.prefix_tree import PrefixTree
from rlsd_pipeline.weighting.rlsd import RLSD

CreditOf = Callable[..., Credit]

SETTINGS = [
    *(method() for method in METHODS),
    *(
        method(divergence=Sampled())  # type: ignore[call-arg]
        for method in METHODS
        if "divergence" in method.model_fields
    ),
    PrefixTree(term="branch"),
    RLSD(formula="as_printed"),
    RLSD(responses_weighted="negative", tokens_weighted="reasoning"),
]
EVERY = pytest.mark.parametrize("method", SETTINGS, ids=str)

ROLLOUT = st.fixed_dictionaries(
    {
        # Sixteenths, whose sums are exact in any order.
        "gain": st.lists(st.integers(-60, 60).map(lambda n: n / 16), min_size=0, max_size=4),
        "reward": st.sampled_from([0.0, 0.1, 0.9, 1.0, math.nan]),
        "group": st.integers(0, 2),
        "informed": st.booleans(),
    }
)
TABLE = st.lists(ROLLOUT, min_size=1, max_size=8)


def made(credit_of: CreditOf, rollouts: list[dict]) -> Credit:
    reasoning = [[place % 2 == 0 for place, _ in enumerate(row["gain"])] for row in rollouts]
    return credit_of(
        [row["gain"] for row in rollouts],
        rewards=[row["reward"] for row in rollouts],
        groups=[row["group"] for row in rollouts],
        correct=[row["reward"] >= 0.9 for row in rollouts],
        informed=[row["informed"] for row in rollouts],
        reasoning=reasoning,
    )


def of_rollouts(values: Tensor, credit: Credit) -> list[list[float]]:
    """A stream as one list a rollout."""
    return [values[credit.rows == row].tolist() for row in range(len(credit.rewards))]


def present(streams: TokenStreams) -> dict[str, Tensor]:
    return {name: values for name, values in streams._asdict().items() if values is not None}


def test_every_file_of_the_folder_that_holds_a_method_is_found() -> None:
    assert [method.model_fields["type"].default for method in METHODS] == [
        "grpo",
        "grpo_opsd",
        "ktae",
        "opd",
        "opsd",
        "prefix_tree",
        "rlsd",
        "rlsd_adaptive",
        "sdpo",
        "sft",
        "surprisal",
        "vine",
    ]
    folder = Path(rlsd_pipeline.weighting.__file__).parent
    files = {path.stem for path in folder.glob("*.py")} - {"__init__", "method"}
    assert files == {method.model_fields["type"].default for method in METHODS}


@EVERY
def test_a_declaration_survives_a_round_trip(method: Weighting) -> None:
    adapter = TypeAdapter(WeightingConfig)
    assert adapter.validate_python(method.model_dump(mode="json")) == method
    assert adapter.validate_python({"type": method.type}) == type(method)()


@EVERY
@settings(max_examples=25)
@given(rollouts=TABLE, data=st.data())
def test_permuting_rollouts_permutes_the_credit(
    credit_of: CreditOf, method: Weighting, rollouts: list[dict], data: st.DataObject
) -> None:
    order = data.draw(st.permutations(range(len(rollouts))))
    straight, mixed = made(credit_of, rollouts), made(credit_of, [rollouts[i] for i in order])
    expected, found = present(method.streams(straight)), present(method.streams(mixed))
    assert expected.keys() == found.keys()
    for name, values in found.items():
        wanted = of_rollouts(expected[name], straight)
        for row, numbers in enumerate(of_rollouts(values, mixed)):
            assert numbers == pytest.approx(wanted[order[row]], rel=1e-5, abs=1e-5)


@EVERY
@settings(max_examples=25)
@given(rollouts=TABLE)
def test_streams_are_finite_and_without_gradient(
    credit_of: CreditOf, method: Weighting, rollouts: list[dict]
) -> None:
    credit = made(credit_of, rollouts)
    credit.student_logprobs.requires_grad_()
    streams = present(method.streams(credit))
    assert streams
    for name, values in streams.items():
        assert values.shape == credit.student_logprobs.shape
        assert values.isfinite().all()
        assert not values.requires_grad
        assert name == "token_advantages" or (values >= 0).all()


@pytest.mark.parametrize("method", [m for m in SETTINGS if m.keeps_sign], ids=str)
@settings(max_examples=50)
@given(rollouts=TABLE)
def test_a_method_that_promises_it_never_turns_a_sign(
    credit_of: CreditOf, method: Weighting, rollouts: list[dict]
) -> None:
    credit = made(credit_of, rollouts)
    found = method.streams(credit).token_advantages
    assert found is not None
    assert torch.equal(found.sign(), credit.token_advantages.sign())


def test_these_promise_to_keep_the_sign() -> None:
    promising = {method.type for method in SETTINGS if method.keeps_sign}
    assert promising == {"grpo", "rlsd", "rlsd_adaptive"}


@pytest.mark.parametrize("method", [m for m in SETTINGS if m.reads_teacher], ids=str)
def test_a_missing_teacher_is_named(credit_of: CreditOf, method: Weighting) -> None:
    with pytest.raises(ValueError, match="use the tables of an arm whose method reads a teacher"):
        method.streams(credit_of([[0.0], [1.0]], rewards=[1, 0], teacher=False))


@pytest.mark.parametrize("method", [m for m in SETTINGS if not m.reads_teacher], ids=str)
def test_a_method_that_reads_no_teacher_needs_none(credit_of: CreditOf, method: Weighting) -> None:
    assert present(method.streams(credit_of([[0.0], [1.0]], rewards=[1, 0], teacher=False)))


@EVERY
def test_a_stored_divergence_goes_with_distillation_weights(
    credit_of: CreditOf, method: Weighting
) -> None:
    streams = method.streams(credit_of([[0.5], [1.0]], rewards=[1, 0]))
    assert (method.stored_divergence is None) == (streams.distillation_weights is None)


def test_the_gain_has_no_gradient_and_a_missing_teacher_no_gain(credit_of: CreditOf) -> None:
    credit = credit_of([[0.5, -1.0]])
    assert credit.information_gain.tolist() == [0.5, -1.0]
    credit.student_logprobs.requires_grad_()
    assert not credit.information_gain.requires_grad
