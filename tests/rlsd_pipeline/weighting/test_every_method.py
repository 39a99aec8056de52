"""What holds for each method that is found in the folder."""

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter
from torch import Tensor

import rlsd_pipeline.weighting
from rlsd_pipeline.credit.columns import ASKED, COLUMNS, STUDENT, TEACHER
from rlsd_pipeline.divergences.sampled import Sampled
from rlsd_pipeline.weighting import METHODS, WeightingConfig
from rlsd_pipeline.weighting.constant_negative import ConstantNegative
from rlsd_pipeline.weighting.method import Credit, TokenStreams, Weighting
from rlsd_pipeline.weighting.optimal_token_baseline import OptimalTokenBaseline
from rlsd_pipeline.weighting.prefix_tree import PrefixTree
from rlsd_pipeline.weighting.rlcsd import RLCSD
from rlsd_pipeline.weighting.rlsd import RLSD
from rlsd_pipeline.weighting.sdar import SDAR

CreditOf = Callable[..., Credit]

SETTINGS = [
    *(method() for method in METHODS),
    *(
        method(divergence=Sampled())  # type: ignore[call-arg]
        for method in METHODS
        if "divergence" in method.model_fields
    ),
    ConstantNegative(term="both"),
    OptimalTokenBaseline(tail="zero"),
    PrefixTree(term="branch"),
    RLCSD(means="one"),
    RLSD(formula="as_printed"),
    RLSD(responses_weighted="negative", tokens_weighted="reasoning"),
    SDAR(form="policy_gradient"),
]
EVERY = pytest.mark.parametrize("method", SETTINGS, ids=str)

OTHER_SIGNALS = [
    *(m for m in SETTINGS if m.type in {"constant_negative", "opd", "opsd", "sdpo", "sft", "vine"}),
    *(m for m in SETTINGS if isinstance(getattr(m, "divergence", None), Sampled)),
    OptimalTokenBaseline(),
    RLSD(formula="as_printed"),
    SDAR(form="policy_gradient"),
]
"""Methods that learn in a group without variance as well: from the teacher, from measured values,
from every correct response, or from each response beyond the others' end."""

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
        "constant_negative",
        "entropy",
        "entropy_selected",
        "grpo",
        "grpo_opsd",
        "ktae",
        "opd",
        "opsd",
        "optimal_token_baseline",
        "prefix_tree",
        "rlcsd",
        "rlsd",
        "rlsd_adaptive",
        "rlsd_ectr",
        "sdar",
        "sdpg",
        "sdpo",
        "sft",
        "srpo",
        "surprisal",
        "tempo",
        "vine",
        "vppo",
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
@settings(max_examples=15)
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
@settings(max_examples=15)
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


@EVERY
@pytest.mark.parametrize("extreme", [0.0, 300.0, 1e4, -1e4])
def test_extreme_evidence_gives_finite_credit(
    credit_of: CreditOf, method: Weighting, extreme: float
) -> None:
    gain, rewards = [[extreme, -extreme], [0.0, extreme], [extreme], []], [1, 0, 1, 0]
    for values in present(method.streams(credit_of(gain, rewards=rewards))).values():
        assert values.isfinite().all()


@pytest.mark.parametrize(
    "method",
    [m for m in SETTINGS if m not in OTHER_SIGNALS],
    ids=str,
)
@pytest.mark.parametrize("reward", [0.0, 1.0])
def test_a_group_without_variance_has_no_credit(
    credit_of: CreditOf, method: Weighting, reward: float
) -> None:
    credit = credit_of([[0.5, -1.0], [1.0]], rewards=[reward, reward])
    found = method.streams(credit).token_advantages
    assert found is not None
    assert not found.any()


@pytest.mark.parametrize("method", [m for m in SETTINGS if m.keeps_sign], ids=str)
@settings(max_examples=25)
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
    assert promising == {"grpo", "rlsd", "rlsd_adaptive", "rlsd_ectr"}


@pytest.mark.parametrize("method", [m for m in SETTINGS if TEACHER in m.columns], ids=str)
def test_a_missing_teacher_is_named(credit_of: CreditOf, method: Weighting) -> None:
    with pytest.raises(ValueError, match="use the tables of an arm whose method reads a teacher"):
        method.streams(credit_of([[0.0], [1.0]], rewards=[1, 0], teacher=False))


@EVERY
def test_columns_that_it_reads_are_enough_and_without_one_it_says_so(
    credit_of: CreditOf, method: Weighting
) -> None:
    others = COLUMNS.keys() - method.columns - {STUDENT}
    table = credit_of([[0.0, 0.5], [1.0]], rewards=[1, 0])
    alone = replace(table, **dict.fromkeys(others))
    assert present(method.streams(alone))
    for name in method.columns & ASKED:
        with pytest.raises(ValueError, match=name):
            method.streams(replace(alone, **{name: None}))


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
