import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from rlsd_pipeline.config.update import UpdateConfig
from rlsd_pipeline.divergences.jsd import JSD
from rlsd_pipeline.errors import TrainingError
from rlsd_pipeline.models.policy import Policy
from rlsd_pipeline.models.pool import optimizer_state, restore_optimizer
from rlsd_pipeline.update.policy_update import UpdateGroup, make_optimizer, update_policy
from rlsd_pipeline.update.token_loss import Tokens
from rlsd_pipeline.weighting.method import TokenStreams

# As in the conftest.
TEMPERATURE, DIVERGENCE = 0.8, JSD(beta=0.3, top_k=5)
# A step that moves weights well beyond rounding.
CONFIG = UpdateConfig(learning_rate=1e-3, max_grad_norm=0.5)

Build = Callable[[str], Policy]
Naive = Callable[..., Tensor]
Groups = list[UpdateGroup]
NaiveStep = Callable[..., Any]

EVERY_STREAM = TokenStreams._fields


def only(groups: Groups, *streams: str) -> Groups:
    """The same groups with some of their streams."""
    return [
        group._replace(
            tokens=group.tokens._replace(
                streams=TokenStreams(
                    **{name: getattr(group.tokens.streams, name) for name in streams}
                ),
                teacher=group.tokens.teacher if "distillation_weights" in streams else None,
            )
        )
        for group in groups
    ]


def weights(policy: Policy) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in policy.model.named_parameters()}


def largest_difference(first: dict[str, Tensor], second: dict[str, Tensor]) -> float:
    return max((first[name] - second[name]).abs().max().item() for name in first)


def run(
    policy: Policy,
    groups: Groups,
    config: UpdateConfig,
    optimizer: torch.optim.Optimizer | None = None,
    seed: int = 0,
) -> dict[str, float]:
    optimizer = optimizer or make_optimizer(policy, config)
    return update_policy(
        policy,
        optimizer,
        groups,
        config,
        temperature=TEMPERATURE,
        seed=seed,
        divergence=DIVERGENCE,
    )


@pytest.mark.parametrize(
    "streams", [*((name,) for name in EVERY_STREAM), EVERY_STREAM], ids=lambda s: "+".join(s)
)
def test_gradient_equals_the_naive_one(
    build: Build, groups: Groups, naive_step: NaiveStep, streams: tuple[str, ...]
) -> None:
    """Plain gradient descent at rate 1 shows the clipped gradient itself."""
    groups = only(groups, *streams)
    naive = naive_step(build("qwen3_vl"), groups)
    policy = build("qwen3_vl")
    before = weights(policy)
    run(policy, groups, CONFIG, torch.optim.SGD(policy.model.parameters(), lr=1.0))
    scale = min(1.0, CONFIG.max_grad_norm / (naive.norm + 1e-6))
    expected = {name: before[name] - scale * naive.gradients[name] for name in before}
    assert largest_difference(weights(policy), before) > 1e-2
    assert largest_difference(weights(policy), expected) < 1e-6


def test_two_updates_equal_a_naive_loop(
    build: Build, groups: Groups, naive_step: NaiveStep
) -> None:
    config = CONFIG.model_copy(update={"weight_decay": 0.1, "betas": (0.8, 0.95)})
    policy, other = build("qwen3_vl"), build("qwen3_vl")
    optimizer = make_optimizer(policy, config)
    slow = torch.optim.AdamW(other.model.parameters(), lr=1e-3, betas=(0.8, 0.95), weight_decay=0.1)
    real = {name: torch.ones_like(p, dtype=torch.bool) for name, p in weights(other).items()}
    for _ in range(2):
        run(policy, groups, config, optimizer)
        naive = naive_step(other, groups)
        torch.nn.utils.clip_grad_norm_(other.model.parameters(), 0.5)
        slow.step()
        for name, gradient in naive.gradients.items():
            real[name] &= (gradient == 0) | (gradient.abs() > 1e-5)
    # AdamW divides a gradient by its own size: where the true gradient is 0 (the bias of a key) or
    # next to it, rounding errors are blown up to whole steps. Those elements are only bounded.
    found, expected = weights(policy), weights(other)
    kept = {name: torch.where(real[name], found[name], expected[name]) for name in found}
    assert largest_difference(kept, expected) < 1e-6
    assert largest_difference(found, expected) < 4e-3
    shares = [mask.float().mean().item() for mask in real.values()]
    assert sum(shares) / len(shares) > 0.8


def test_metrics(build: Build, groups: Groups, naive_step: NaiveStep) -> None:
    naive = naive_step(build("qwen3_vl"), groups)
    assert run(build("qwen3_vl"), groups, CONFIG) == pytest.approx(
        {
            "loss": naive.loss,
            **{f"loss_{name}": value for name, value in naive.parts.items()},
            "grad_norm": naive.norm,
            "ratio_mean": sum(naive.ratios) / len(naive.ratios),
            "ratio_max": max(naive.ratios),
            "clip_fraction": sum(naive.clipped) / len(naive.clipped),
            "optimizer_steps": 1.0,
        },
        abs=1e-5,
    )
    assert 0 < sum(naive.clipped) < len(naive.clipped)
    assert min(abs(value) for value in naive.parts.values()) > 1e-3


def test_on_policy_ratio_is_one(
    build: Build, groups: Groups, naive_logprobs: Naive, vision_policy: Policy
) -> None:
    fresh = []
    for group in only(groups, "token_advantages"):
        with torch.no_grad():
            now = [
                naive_logprobs(vision_policy, group.prompt, ids, TEMPERATURE)
                for ids in group.completion_ids
            ]
        fresh.append(group._replace(tokens=group.tokens._replace(old_logprobs=torch.cat(now))))
    metrics = run(build("qwen3_vl"), fresh, CONFIG)
    assert metrics["ratio_max"] == pytest.approx(1.0, abs=1e-5)
    assert metrics["clip_fraction"] == 0.0


def test_steps_and_epochs(build: Build, groups: Groups) -> None:
    policy = build("qwen3_vl")
    config = CONFIG.model_copy(update={"epochs": 2, "prompts_per_step": 3})
    learnt: list[int] = []
    metrics = update_policy(
        policy,
        make_optimizer(policy, config),
        groups,
        config,
        temperature=TEMPERATURE,
        seed=0,
        divergence=DIVERGENCE,
        progress=learnt.append,
    )
    # Four prompts in steps of three and one, twice.
    assert metrics["optimizer_steps"] == 4.0
    assert sum(learnt) == 2 * sum(len(ids) for group in groups for ids in group.completion_ids)


def test_seed_orders_the_steps(build: Build, groups: Groups) -> None:
    config = CONFIG.model_copy(update={"prompts_per_step": 1})
    outcomes = []
    for seed in (1, 1, 2):
        policy = build("qwen3_vl")
        run(policy, groups, config, seed=seed)
        outcomes.append(weights(policy))
    assert largest_difference(outcomes[0], outcomes[1]) == 0
    assert largest_difference(outcomes[0], outcomes[2]) > 1e-5


def test_no_credit_moves_only_the_weight_decay(build: Build, groups: Groups) -> None:
    still = [
        group._replace(
            tokens=group.tokens._replace(
                streams=TokenStreams(*(torch.zeros_like(s) for s in group.tokens.streams))
            )
        )
        for group in groups
    ]
    policy = build("qwen3_vl")
    before = weights(policy)
    metrics = run(policy, still, CONFIG)
    assert (metrics["loss"], metrics["grad_norm"], metrics["clip_fraction"]) == (0.0, 0.0, 0.0)
    # AdamW's decay alone: w (1 - 1e-3 * 0.01).
    expected = {name: value * (1 - 1e-5) for name, value in before.items()}
    assert largest_difference(weights(policy), expected) < 1e-7


def test_optimizer_state_goes_on(
    build: Build, groups: Groups, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Two updates in a row are, bit for bit, two with a saved and restored state in between."""
    straight = build("qwen3_vl")
    optimizer = make_optimizer(straight, CONFIG)
    run(straight, groups, CONFIG, optimizer)
    middle = weights(straight)
    path = tmp_path_factory.mktemp("state") / "optimizer.safetensors"
    save_file(optimizer_state(straight, optimizer), path)
    run(straight, groups, CONFIG, optimizer)

    resumed = build("qwen3_vl")
    resumed.model.load_state_dict(middle, strict=False)
    optimizer = make_optimizer(resumed, CONFIG)
    restore_optimizer(resumed, optimizer, load_file(path))
    run(resumed, groups, CONFIG, optimizer)
    assert largest_difference(weights(straight), weights(resumed)) == 0

    forgetful = build("qwen3_vl")
    forgetful.model.load_state_dict(middle, strict=False)
    run(forgetful, groups, CONFIG)
    assert largest_difference(weights(straight), weights(forgetful)) > 1e-5


@pytest.mark.parametrize("name", ["qwen3", "llama"])
def test_text_only_policy_learns_its_tokens(build: Build, name: str) -> None:
    policy = build(name)
    prompt = policy.encode("is there a red circle?")
    streams = TokenStreams(token_advantages=torch.tensor([1.0, 1.0, 1.0, -1.0]))
    tokens = Tokens(torch.full((4,), -6.0), streams, None)
    group = UpdateGroup(prompt, [[9, 10, 11], [12]], tokens)
    config = CONFIG.model_copy(update={"clip_high": 100.0})
    losses = [run(policy, [group], config)["loss"] for _ in range(5)]
    assert losses == sorted(losses, reverse=True)


def test_a_response_without_tokens_weighs_in_the_sequence_mean_alone(
    build: Build, groups: Groups
) -> None:
    empty = groups[0]._replace(completion_ids=[*groups[0].completion_ids, []])
    for denominator, factor in (("sequence", 3 / 4), ("token", 1.0)):
        config = CONFIG.model_copy(update={"denominator": denominator})
        without = run(build("qwen3_vl"), groups[:1], config)
        with_it = run(build("qwen3_vl"), [empty], config)
        assert with_it["loss"] == pytest.approx(factor * without["loss"], abs=1e-6)


@pytest.mark.parametrize("broken", [math.nan, math.inf])
def test_a_gradient_that_is_not_finite_stops_before_the_optimizer_step(
    build: Build, groups: Groups, broken: float
) -> None:
    first, *others = only(groups, "nll_weights")
    streams = TokenStreams(nll_weights=torch.full_like(first.tokens.old_logprobs, broken))
    spoilt = [first._replace(tokens=first.tokens._replace(streams=streams)), *others]
    policy = build("qwen3_vl")
    before = weights(policy)
    with pytest.raises(TrainingError, match=r"step 1 of the update .*loss is (nan|inf).*not taken"):
        run(policy, spoilt, CONFIG)
    assert largest_difference(before, weights(policy)) == 0
