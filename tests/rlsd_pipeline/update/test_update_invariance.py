"""What changes memory, speed or order, and must not change an update."""

import random
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from rlsd_pipeline.config.update import UpdateConfig
from rlsd_pipeline.divergences.jsd import JSD
from rlsd_pipeline.models.logprobs import Support
from rlsd_pipeline.models.policy import Policy
from rlsd_pipeline.update.policy_update import UpdateGroup, update_policy
from rlsd_pipeline.update.token_loss import Tokens
from rlsd_pipeline.weighting.method import TokenStreams

CONFIG = UpdateConfig(max_grad_norm=0.5)

Groups = list[UpdateGroup]
Result = tuple[dict[str, Tensor], dict[str, float]]


@pytest.fixture(scope="module")
def outcome(build: Callable[[str], Policy]) -> Callable[..., Result]:
    """Weights after one step of plain gradient descent with all three streams, and its metrics."""

    def outcome(groups: Groups, **changes: object) -> Result:
        policy = build("qwen3_vl")
        metrics = update_policy(
            policy,
            torch.optim.SGD(policy.model.parameters(), lr=1.0),
            groups,
            CONFIG.model_copy(update=changes),
            temperature=0.8,
            seed=0,
            divergence=JSD(beta=0.3, top_k=5),
        )
        return {n: p.detach().clone() for n, p in policy.model.named_parameters()}, metrics

    return outcome


def assert_same(first: Result, second: Result) -> None:
    largest = max((first[0][n] - second[0][n]).abs().max().item() for n in first[0])
    assert largest < 1e-6
    assert first[1] == pytest.approx(second[1], abs=1e-6)


def picked(group: UpdateGroup, order: list[int]) -> UpdateGroup:
    """The same responses in another order."""
    lengths = [len(ids) for ids in group.completion_ids]
    parts = torch.arange(sum(lengths)).split(lengths)
    places = torch.cat([parts[index] for index in order])
    tokens = group.tokens
    assert tokens.teacher is not None
    assert tokens.base_logprobs is not None
    return UpdateGroup(
        group.prompt,
        [group.completion_ids[index] for index in order],
        Tokens(
            tokens.old_logprobs[places],
            TokenStreams(*(None if s is None else s[places] for s in tokens.streams)),
            Support(*(field[places] for field in tokens.teacher)),
            base_logprobs=tokens.base_logprobs[places],
        ),
    )


@pytest.mark.parametrize("denominator", ["sequence", "token"])
def test_micro_batches_change_nothing(
    outcome: Callable[..., Result], groups: Groups, denominator: str
) -> None:
    whole = outcome(groups, denominator=denominator, micro_batch_tokens=2**20)
    for size in (1, 100, 400):
        parts = outcome(groups, denominator=denominator, micro_batch_tokens=size)
        assert_same(parts, whole)


def test_order_of_prompts_and_responses_changes_nothing(
    outcome: Callable[..., Result], groups: Groups
) -> None:
    shuffled = [picked(group, [2, 0, 1]) for group in groups]
    random.Random(1).shuffle(shuffled)
    assert shuffled[0].prompt is not groups[0].prompt
    assert_same(outcome(shuffled, micro_batch_tokens=150), outcome(groups))


def test_a_long_neighbour_changes_nothing(outcome: Callable[..., Result], groups: Groups) -> None:
    """Its length pads the others; without credit it is only seen in the denominator."""
    count = 40
    zeros = torch.zeros(count)
    teacher = Support(
        torch.arange(7, 12).repeat(count, 1),
        torch.full((count, 5), -2.0),
        torch.full((count,), -1.0),
    )
    long = UpdateGroup(
        groups[1].prompt,
        [[40] * count],
        Tokens(zeros - 5, TokenStreams(zeros, zeros, zeros, zeros), teacher, None, zeros - 9),
    )
    config = {"max_grad_norm": 1e9}
    with_it, without = outcome([*groups, long], **config), outcome(groups, **config)
    start = outcome([long], **config)[0]
    # 12 responses without it and 13 with it.
    for name, value in with_it[0].items():
        expected = start[name] + (without[0][name] - start[name]) * 12 / 13
        torch.testing.assert_close(value, expected, rtol=0, atol=1e-6)
    assert with_it[1]["loss"] == pytest.approx(without[1]["loss"] * 12 / 13, abs=1e-6)
