import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from rlsd_pipeline.weighting.grpo import GRPO
from rlsd_pipeline.weighting.method import Credit
from rlsd_pipeline.weighting.rlsd import RLSD, scheduled_mix

CreditOf = Callable[..., Credit]


def stream(method: RLSD | GRPO, credit: Credit) -> Tensor:
    streams = method.streams(credit)
    assert streams.token_advantages is not None
    assert streams.distillation_weights is None
    assert streams.nll_weights is None
    return streams.token_advantages


@pytest.fixture(scope="module")
def small(credit_of: CreditOf) -> Credit:
    """A > 0, A < 0 and A = 0; the last token of each response is its answer."""
    return credit_of(
        [
            [math.log(1.1), -math.log(1.25), math.log(2)],
            [math.log(1.25), -math.log(1.1), -math.log(2)],
            [1.0, -1.0],
        ],
        advantages=[2.0, -0.5, 0.0],
        reasoning=[[True, True, False], [True, True, False], [True, False]],
    )


def test_the_reward_sets_the_direction_and_the_teacher_the_size(small: Credit) -> None:
    found = stream(RLSD(mix=0.5, clip=0.2), small)
    expected = [
        # w = 1.1, 0.8, 2 cut to 1.2; 2 (0.5 + 0.5 w).
        *(2.1, 1.8, 2.2),
        # A < 0 turns the gain round: w = 0.8, 1.1, 2 cut to 1.2; -0.5 (0.5 + 0.5 w).
        *(-0.45, -0.525, -0.55),
        # A = 0.
        *(0.0, 0.0),
    ]
    assert found.tolist() == pytest.approx(expected, rel=1e-6)


def test_mix_zero_is_grpo_bit_for_bit(small: Credit) -> None:
    assert torch.equal(stream(RLSD(mix=0.0), small), stream(GRPO(), small))
    # And so is the last iteration of the schedule.
    assert torch.equal(stream(RLSD().at_iteration(50), small), stream(GRPO(), small))


def test_the_misprint_rewards_a_wrong_answer(credit_of: CreditOf) -> None:
    credit = credit_of([[0.0]], advantages=[-0.3])
    printed = RLSD(mix=0.5, formula="as_printed")
    # -0.3 * 0.5 + 0.5 * 1 = 0.35.
    assert stream(printed, credit).item() == pytest.approx(0.35)
    assert stream(RLSD(mix=0.5), credit).item() == pytest.approx(-0.3)
    assert not printed.keeps_sign
    assert RLSD().keeps_sign


def test_the_misprint_rewards_groups_without_variance(credit_of: CreditOf) -> None:
    """Each of their tokens gets λ, whatever the teacher says."""
    credit = credit_of([[1.0, -1.0], [0.0]], rewards=[0, 0])
    assert stream(RLSD(mix=0.25, formula="as_printed"), credit).tolist() == [0.25] * 3
    assert stream(RLSD(mix=0.25), credit).tolist() == [0.0] * 3


def test_the_misprint_token_by_token(small: Credit) -> None:
    found = stream(RLSD(mix=0.5, clip=0.2, formula="as_printed"), small)
    # The weights of the corrected form; A 0.5 + 0.5 w with A = 2, -0.5, 0.
    expected = [1.55, 1.4, 1.6, 0.15, 0.3, 0.35, 0.5, 0.5]
    assert found.tolist() == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("formula", ["corrected", "as_printed"])
def test_negative_only_leaves_the_others_as_they_are(small: Credit, formula: str) -> None:
    every = stream(RLSD(formula=formula), small)  # type: ignore[arg-type]
    found = stream(RLSD(formula=formula, responses_weighted="negative"), small)  # type: ignore[arg-type]
    plain = stream(GRPO(), small)
    negative = small.token_advantages < 0
    assert negative.sum() == 3
    assert torch.equal(found[~negative], plain[~negative])
    assert torch.equal(found[negative], every[negative])
    assert not torch.equal(every[~negative], plain[~negative])


@pytest.mark.parametrize("formula", ["corrected", "as_printed"])
def test_reasoning_only_leaves_the_answer_as_it_is(small: Credit, formula: str) -> None:
    every = stream(RLSD(formula=formula), small)  # type: ignore[arg-type]
    found = stream(RLSD(formula=formula, tokens_weighted="reasoning"), small)  # type: ignore[arg-type]
    plain, reasoning = stream(GRPO(), small), small.reasoning
    assert torch.equal(found[~reasoning], plain[~reasoning])
    assert torch.equal(found[reasoning], every[reasoning])
    assert not torch.equal(every[~reasoning], plain[~reasoning])


def test_both_restrictions_at_once(small: Credit) -> None:
    method = RLSD(mix=0.5, clip=0.2, responses_weighted="negative", tokens_weighted="reasoning")
    # Only the first two tokens of the second response are weighted.
    expected = [2.0, 2.0, 2.0, -0.45, -0.525, -0.5, 0.0, 0.0]
    assert stream(method, small).tolist() == pytest.approx(expected, rel=1e-6)


def test_a_rollout_the_teacher_did_not_see_has_its_plain_advantage(credit_of: CreditOf) -> None:
    credit = credit_of([[0.5, -0.5], [0.5]], advantages=[1.0, -1.0], informed=[False, True])
    # The second: w = exp(-0.5) cut to 0.8; -(0.5 + 0.4).
    assert stream(RLSD(mix=0.5, clip=0.2), credit).tolist() == pytest.approx([1.0, 1.0, -0.9])


def test_a_teacher_is_needed(credit_of: CreditOf) -> None:
    with pytest.raises(ValueError, match="the method needs teacher_logprobs, and no teacher"):
        RLSD().streams(credit_of([[0.0]], teacher=False))


@pytest.mark.parametrize(
    ("iteration", "expected"),
    [
        (0, 0.5),
        (1, 0.49),  # 0.5 (1 - 1/50)
        (10, 0.4),  # 0.5 (1 - 10/50)
        (25, 0.25),  # 0.5 (1 - 25/50)
        (49, 0.01),  # 0.5 (1 - 49/50)
        (50, 0.0),
        (51, 0.0),
        (500, 0.0),
    ],
)
def test_schedule_of_the_paper(iteration: int, expected: float) -> None:
    assert scheduled_mix(0.5, iteration, warmup=0, decay=50) == pytest.approx(expected, abs=1e-12)
    assert RLSD().at_iteration(iteration).mix == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("iteration", "expected"),
    [
        (0, 0.8),
        (10, 0.8),
        (11, 0.76),  # 0.8 (1 - 1/20)
        (15, 0.6),  # 0.8 (1 - 5/20)
        (30, 0.0),
        (31, 0.0),
    ],
)
def test_schedule_after_a_warmup(iteration: int, expected: float) -> None:
    assert scheduled_mix(0.8, iteration, warmup=10, decay=20) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("iteration", [0, 7, 999])
def test_without_decay(iteration: int) -> None:
    assert scheduled_mix(0.5, iteration, warmup=3, decay=None) == 0.5


@pytest.mark.parametrize(
    ("iteration", "warmup", "expected"),
    [
        (0, 0, 0.5 * 59 / 60),  # The first update is the released script's step 1 of 60.
        (1, 0, 0.5 * 58 / 60),
        (59, 0, 0.0),
        (0, 4, 0.125),  # 0.5 · 1/4
        (2, 4, 0.375),
        (3, 4, 0.5),
        (4, 4, 0.5 * 59 / 60),
        (33, 4, 0.25),  # 0.5 (1 - 30/60)
    ],
)
def test_schedule_of_the_released_code(iteration: int, warmup: int, expected: float) -> None:
    declared = RLSD(schedule="released", warmup=warmup, decay=60)
    assert declared.at_iteration(iteration).mix == pytest.approx(expected, abs=1e-12)
    assert RLSD(schedule="released", warmup=2, decay=None).at_iteration(9).mix == 0.5


def test_the_papers_schedule_changes_no_identity() -> None:
    """What was computed before there were two conventions is what is asked for today."""
    assert "schedule" not in RLSD().model_dump(mode="json")
    released = RLSD(schedule="released", decay=60)
    assert released.model_dump(mode="json")["schedule"] == "released"
    assert "schedule" not in released.at_iteration(3).model_dump(mode="json")


def test_resolved_method_stands_still() -> None:
    declared = RLSD(mix=0.5, clip=0.3, warmup=2, decay=4, tokens_weighted="reasoning")
    resolved = declared.at_iteration(3)
    # 0.5 (1 - 1/4) = 0.375; everything else stays.
    still = RLSD(mix=0.375, clip=0.3, warmup=0, decay=None, tokens_weighted="reasoning")
    assert resolved == still
    assert resolved.at_iteration(100) == resolved
    assert declared.at_iteration(100) == still.model_copy(update={"mix": 0.0})


def test_equal_schedules_resolve_equally() -> None:
    """So that an arm's stream is shared wherever two schedules agree."""
    assert RLSD(decay=50).at_iteration(0) == RLSD(decay=60).at_iteration(0)


def test_where_a_bound_cut_a_weight(small: Credit) -> None:
    # w = 1.1, 0.8, 2; 0.8, 1.1, 2; and 1 beside A = 0; bounds 0.75 and 1.25.
    expected = [False, False, True, False, False, True, False, False]
    assert RLSD(clip=0.25).cut(small).tolist() == expected
    reasoning = RLSD(clip=0.25, tokens_weighted="reasoning")
    assert not reasoning.cut(small).any()
    negative = RLSD(clip=0.25, responses_weighted="negative")
    assert negative.cut(small).tolist() == [False] * 5 + [True, False, False]
    # ε_w = 1 still cuts what is above 2.
    assert not RLSD(clip=1.0).cut(small).any()


def test_extreme_gains_are_cut_without_overflow(credit_of: CreditOf) -> None:
    credit = credit_of([[800.0, -800.0], [800.0, -800.0]], advantages=[1.0, -1.0])
    assert RLSD(clip=1.0).cut(credit).tolist() == [True, False, False, True]
    assert RLSD(clip=0.2).cut(credit).all()
