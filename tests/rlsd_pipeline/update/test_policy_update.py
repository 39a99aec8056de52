import math
import random
from collections.abc import Callable, Sequence

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from rlsd_pipeline.config.update import UpdateConfig
from rlsd_pipeline.models.policy import Policy
from rlsd_pipeline.models.pool import optimizer_state, restore_optimizer
from rlsd_pipeline.update.policy_update import UpdateGroup, make_optimizer, update_policy

TEMPERATURE = 0.8
# A step that moves weights well beyond rounding.
CONFIG = UpdateConfig(learning_rate=1e-3, max_grad_norm=0.5)

Build = Callable[[str], Policy]
Naive = Callable[..., Tensor]
Groups = list[UpdateGroup]


@pytest.fixture(scope="module")
def groups(
    vision_policy: Policy,
    naive_logprobs: Naive,
    png: Callable[..., bytes],
    response_tokens: list[int],
) -> Groups:
    """Four prompts with zero to two images, three responses each, some of one token."""
    rng = random.Random(0)
    questions = [
        ("is there a red circle?", [png(64, 64)]),
        ("what colour?", []),
        ("does the image contain a triangle?", [png(96, 32), png(64, 64, seed=1)]),
        ("shape?", [png(32, 96)]),
    ]
    made = []
    for text, images in questions:
        prompt = vision_policy.encode(text, images)
        completions = [rng.choices(response_tokens, k=rng.randint(1, 6)) for _ in range(3)]
        with torch.no_grad():
            now = [
                naive_logprobs(vision_policy, prompt, ids, TEMPERATURE).tolist()
                for ids in completions
            ]
        # Old log-probabilities off by up to 0.5 nats, so that the clip has something to do.
        old = [[p + rng.uniform(-0.5, 0.5) for p in row] for row in now]
        credit = [[rng.choice([0.0, rng.gauss(0, 1)]) for _ in row] for row in now]
        made.append(UpdateGroup(prompt, completions, old, credit))
    return made


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
    return update_policy(policy, optimizer, groups, config, temperature=TEMPERATURE, seed=seed)


class NaiveStep:
    """One step of the whole batch: every row on its own, one token after the other."""

    def __init__(self, policy: Policy, groups: Sequence[UpdateGroup], naive: Naive) -> None:
        rows = [
            (group.prompt, ids, old, credit)
            for group in groups
            for ids, old, credit in zip(
                group.completion_ids, group.old_logprobs, group.token_advantages, strict=True
            )
        ]
        policy.model.zero_grad()
        self.loss = 0.0
        self.ratios: list[float] = []
        self.clipped: list[bool] = []
        for prompt, ids, old, credit in rows:
            logprobs = naive(policy, prompt, ids, TEMPERATURE)
            objective = torch.zeros(())
            for place in range(len(ids)):
                ratio = (logprobs[place] - old[place]).exp()
                cut = ratio.clamp(0.8, 1.28)
                objective = objective + torch.minimum(ratio * credit[place], cut * credit[place])
                self.ratios.append(ratio.item())
                if credit[place] != 0:
                    out = ratio.item() > 1.28 if credit[place] > 0 else ratio.item() < 0.8
                    self.clipped.append(out)
            loss = -objective / len(ids) / len(rows)
            self.loss += loss.item()
            loss.backward()
        self.gradients = {
            name: torch.zeros_like(p) if p.grad is None else p.grad.clone()
            for name, p in policy.model.named_parameters()
        }
        self.norm = math.sqrt(sum(g.square().sum().item() for g in self.gradients.values()))


def test_gradient_equals_the_naive_one(build: Build, groups: Groups, naive_logprobs: Naive) -> None:
    """Plain gradient descent at rate 1 shows the clipped gradient itself."""
    naive = NaiveStep(build("qwen3_vl"), groups, naive_logprobs)
    policy = build("qwen3_vl")
    before = weights(policy)
    run(policy, groups, CONFIG, torch.optim.SGD(policy.model.parameters(), lr=1.0))
    scale = min(1.0, CONFIG.max_grad_norm / (naive.norm + 1e-6))
    expected = {name: before[name] - scale * naive.gradients[name] for name in before}
    assert largest_difference(weights(policy), before) > 1e-2
    assert largest_difference(weights(policy), expected) < 1e-6


def test_two_updates_equal_a_naive_loop(
    build: Build, groups: Groups, naive_logprobs: Naive
) -> None:
    config = CONFIG.model_copy(update={"weight_decay": 0.1, "betas": (0.8, 0.95)})
    policy, other = build("qwen3_vl"), build("qwen3_vl")
    optimizer = make_optimizer(policy, config)
    slow = torch.optim.AdamW(other.model.parameters(), lr=1e-3, betas=(0.8, 0.95), weight_decay=0.1)
    real = {name: torch.ones_like(p, dtype=torch.bool) for name, p in weights(other).items()}
    for _ in range(2):
        run(policy, groups, config, optimizer)
        naive = NaiveStep(other, groups, naive_logprobs)
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


@pytest.mark.parametrize("size", [1, 3, 16])
@pytest.mark.parametrize("denominator", ["sequence", "token"])
def test_micro_batches_change_nothing(
    build: Build, groups: Groups, size: int, denominator: str
) -> None:
    results = []
    for micro_batch in (2, size):
        policy = build("qwen3_vl")
        config = CONFIG.model_copy(
            update={"micro_batch_prompts": micro_batch, "denominator": denominator}
        )
        optimizer = torch.optim.SGD(policy.model.parameters(), lr=1.0)
        metrics = run(policy, groups, config, optimizer)
        results.append((weights(policy), metrics))
    assert largest_difference(results[0][0], results[1][0]) < 1e-6
    assert results[0][1] == pytest.approx(results[1][1], abs=1e-6)


def test_metrics(build: Build, groups: Groups, naive_logprobs: Naive) -> None:
    naive = NaiveStep(build("qwen3_vl"), groups, naive_logprobs)
    assert run(build("qwen3_vl"), groups, CONFIG) == pytest.approx(
        {
            "loss": naive.loss,
            "grad_norm": naive.norm,
            "ratio_mean": sum(naive.ratios) / len(naive.ratios),
            "ratio_max": max(naive.ratios),
            "clip_fraction": sum(naive.clipped) / len(naive.clipped),
            "optimizer_steps": 1.0,
        },
        abs=1e-5,
    )
    assert 0 < sum(naive.clipped) < len(naive.clipped)


def test_on_policy_ratio_is_one(
    build: Build, groups: Groups, naive_logprobs: Naive, vision_policy: Policy
) -> None:
    with torch.no_grad():
        fresh = [
            group._replace(
                old_logprobs=[
                    naive_logprobs(vision_policy, group.prompt, ids, TEMPERATURE).tolist()
                    for ids in group.completion_ids
                ]
            )
            for group in groups
        ]
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
        group._replace(token_advantages=[[0.0] * len(row) for row in group.token_advantages])
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
    group = UpdateGroup(prompt, [[9, 10, 11], [12]], [[-6.0] * 3, [-6.0]], [[1.0] * 3, [-1.0]])
    config = CONFIG.model_copy(update={"clip_high": 100.0})
    losses = [run(policy, [group], config)["loss"] for _ in range(5)]
    assert losses == sorted(losses, reverse=True)


def test_a_response_without_tokens_weighs_in_the_sequence_mean_alone(
    build: Build, groups: Groups
) -> None:
    empty = groups[0]._replace(
        completion_ids=[*groups[0].completion_ids, []],
        old_logprobs=[*groups[0].old_logprobs, []],
        token_advantages=[*groups[0].token_advantages, []],
    )
    for denominator, factor in (("sequence", 3 / 4), ("token", 1.0)):
        config = CONFIG.model_copy(update={"denominator": denominator})
        without = run(build("qwen3_vl"), groups[:1], config)
        with_it = run(build("qwen3_vl"), [empty], config)
        assert with_it["loss"] == pytest.approx(factor * without["loss"], abs=1e-6)
