from collections.abc import Callable

import numpy as np
import pytest
import torch
from scipy import stats
from torch import Tensor

from rlsd_pipeline.models.logprobs import ScoringBatch, completion_logprobs
from rlsd_pipeline.models.policy import EncodedPrompt, Policy
from rlsd_pipeline.rollouts.decoded_batch import _draw, uniforms
from rlsd_pipeline.rollouts.engine import Completion, SamplingRequest
from rlsd_pipeline.rollouts.engines.transformers import TransformersEngine
from schemas import FinishReason

Naive = Callable[..., Tensor]

END = 2
KEYS = ["a", "b", "c", "d", "e"]


@pytest.fixture(scope="module")
def prompts(vision_policy: Policy, png: Callable[..., bytes]) -> list[EncodedPrompt]:
    return [
        vision_policy.encode("is there a red circle?", [png()]),
        vision_policy.encode("what colour is the shape in the image?"),
        vision_policy.encode("a?", [png(96, 32), png(seed=1)]),
        vision_policy.encode("circle?"),
        vision_policy.encode("does it contain a triangle?", [png(32, 96)]),
    ]


def request(prompts: list[EncodedPrompt], **changes: object) -> SamplingRequest:
    base = SamplingRequest(prompts, KEYS, group_size=3, max_tokens=6, temperature=0.9, seed=7)
    return base._replace(**changes)


def ids(completions: list[Completion]) -> list[list[int]]:
    return [completion.completion_ids for completion in completions]


def test_batches_change_nothing(vision_policy: Policy, prompts: list[EncodedPrompt]) -> None:
    asked = request(prompts)
    whole = TransformersEngine().sample(vision_policy, asked)
    assert len(whole) == 15
    for size in (1, 2, 4):
        parts = TransformersEngine(batch_prompts=size).sample(vision_policy, asked)
        assert ids(parts) == ids(whole)
        for part, expected in zip(parts, whole, strict=True):
            assert part.rollout_logprobs == pytest.approx(expected.rollout_logprobs, abs=1e-5)
            assert part.finish_reason is expected.finish_reason


def test_neither_neighbours_nor_group_size_matter(
    vision_policy: Policy, prompts: list[EncodedPrompt]
) -> None:
    engine = TransformersEngine()
    whole = ids(engine.sample(vision_policy, request(prompts)))
    some = request([prompts[3], prompts[0]], keys=["d", "a"], group_size=2)
    found = ids(engine.sample(vision_policy, some))
    assert found == [*whole[9:11], *whole[0:2]]


def test_seed_and_key_decide(vision_policy: Policy, prompts: list[EncodedPrompt]) -> None:
    engine = TransformersEngine()
    first = ids(engine.sample(vision_policy, request(prompts)))
    torch.manual_seed(123)  # The process's own randomness plays no part.
    assert ids(engine.sample(vision_policy, request(prompts))) == first
    assert ids(engine.sample(vision_policy, request(prompts, seed=8))) != first
    others = [f"{key}'" for key in KEYS]
    assert ids(engine.sample(vision_policy, request(prompts, keys=others))) != first
    # Responses of one group differ as well.
    assert first[0] != first[1]


def test_greedy_takes_the_likeliest_token_of_whole_rows(
    vision_policy: Policy, prompts: list[EncodedPrompt], naive_distributions: Naive
) -> None:
    asked = request(prompts, group_size=1, temperature=0.0)
    greedy = TransformersEngine().sample(vision_policy, asked)
    for prompt, completion in zip(prompts, greedy, strict=True):
        ids = completion.completion_ids
        for place in range(len(ids)):
            with torch.no_grad():
                row = naive_distributions(vision_policy, prompt, ids[:place])[-1]
            assert ids[place] == row.argmax().item()
            assert completion.rollout_logprobs[place] == pytest.approx(row.max().item(), abs=1e-5)


@pytest.mark.parametrize("temperature", [0.5, 1.0])
def test_sampled_log_probabilities_equal_scored_ones(
    vision_policy: Policy, prompts: list[EncodedPrompt], temperature: float
) -> None:
    asked = request(prompts, temperature=temperature, max_tokens=10)
    sampled = TransformersEngine().sample(vision_policy, asked)
    owners = [index for index in range(5) for _ in range(3)]
    scored = completion_logprobs(
        vision_policy, ScoringBatch(prompts, owners, ids(sampled)), temperature=temperature
    )
    for completion, expected in zip(sampled, scored, strict=True):
        assert completion.rollout_logprobs == pytest.approx(expected, abs=1e-5)


def test_finish_reasons(build: Callable[[str], Policy]) -> None:
    policy = build("llama")
    prompt = policy.encode("a?")
    asked = SamplingRequest([prompt], ["a"], 400, 6, 1.0, seed=0)
    policy.model.generation_config.eos_token_id = [END, 40, 41, 42, 43, 44, 45, 46, 47, 48]
    ends = set(policy.end_token_ids)
    told: list[int] = []
    completions = TransformersEngine().sample(policy, asked, told.append)
    seen = set()
    for completion in completions:
        *inner, last = completion.completion_ids
        assert len(completion.rollout_logprobs) == len(completion.completion_ids) <= 6
        assert not ends & set(inner)
        if completion.finish_reason is FinishReason.STOP:
            assert last in ends
        else:
            assert completion.finish_reason is FinishReason.LENGTH
            assert last not in ends
            assert len(completion.completion_ids) == 6
        seen.add((completion.finish_reason, len(completion.completion_ids)))
    # Ends at every place, the last one within the budget included, and cut responses.
    assert seen == {(FinishReason.LENGTH, 6), *((FinishReason.STOP, n) for n in range(1, 7))}
    assert sum(told) == sum(len(completion.completion_ids) for completion in completions)


def test_ended_responses_stop_the_batch(build: Callable[[str], Policy]) -> None:
    policy = build("llama")
    policy.model.generation_config.eos_token_id = list(range(len(policy.tokenizer)))
    told: list[int] = []
    asked = SamplingRequest([policy.encode("a?")], ["a"], 8, 1000, 1.0, seed=0)
    completions = TransformersEngine().sample(policy, asked, told.append)
    assert told == [8]
    assert all(len(completion.completion_ids) == 1 for completion in completions)


@pytest.mark.parametrize("temperature", [0.3, 1.0])
def test_first_token_is_drawn_from_the_softmax(
    vision_policy: Policy,
    prompts: list[EncodedPrompt],
    naive_distributions: Naive,
    temperature: float,
) -> None:
    count, prompt = 20_000, prompts[1]
    asked = SamplingRequest([prompt], ["chi"], count, 1, temperature, seed=0)
    drawn = [c.completion_ids[0] for c in TransformersEngine().sample(vision_policy, asked)]

    def p_value(temperature: float) -> float:
        with torch.no_grad():
            row = naive_distributions(vision_policy, prompt, [], temperature)[0]
        expected = row.double().softmax(-1).numpy() * count
        found = np.bincount(drawn, minlength=len(expected))
        assert found[expected == 0].sum() == 0
        # Pearson's statistic wants some five expected draws a cell; the rare tokens share one.
        rare = expected < 5
        cells = [np.append(each[~rare], each[rare].sum()) for each in (found, expected)]
        some = cells[1] > 0
        return stats.chisquare(cells[0][some], cells[1][some]).pvalue

    assert p_value(temperature) > 1e-3
    # The test would notice a temperature that is a fifth off.
    assert p_value(1.2 * temperature) < 1e-6


def test_draw_takes_the_first_token_whose_cumulative_probability_exceeds_the_number() -> None:
    # Cumulative: 0, 0.5, 0.5, 1. Halves, since half of a sum of two equal numbers is exact however
    # a processor rounds the exponential.
    logprobs = torch.tensor([0.0, 0.5, 0.0, 0.5]).log()
    numbers = [0.0, 0.1, 0.4999, 0.5, 0.75, 1 - 2**-53]
    drawn = _draw(logprobs.expand(6, 4), torch.tensor(numbers, dtype=torch.float64))
    # At 0 and at 0.5 as well: a token of probability 0 is never drawn.
    assert drawn.tolist() == [1, 1, 1, 3, 3, 3]


@pytest.mark.parametrize(("top_k", "top_p"), [(5, 1.0), (None, 0.5), (40, 0.3)])
def test_tokens_are_drawn_from_the_nucleus(
    vision_policy: Policy,
    prompts: list[EncodedPrompt],
    naive_distributions: Naive,
    top_k: int | None,
    top_p: float,
) -> None:
    prompt, count = prompts[1], 4000
    asked = SamplingRequest([prompt], ["nucleus"], count, 1, 0.7, 0, top_p, top_k)
    drawn = [c.completion_ids[0] for c in TransformersEngine().sample(vision_policy, asked)]
    with torch.no_grad():
        row = naive_distributions(vision_policy, prompt, [], 0.7)[0].double().softmax(-1)
    likeliest = row.argsort(descending=True).tolist()[:top_k]
    shares = (row[likeliest] / row[likeliest].sum()).tolist()
    nucleus, held = [], 0.0
    for token, share in zip(likeliest, shares, strict=True):
        if held >= top_p:
            break
        nucleus.append(token)
        held += share
    assert set(drawn) <= set(nucleus)
    expected = row[nucleus] / row[nucleus].sum() * count
    found = np.bincount(drawn, minlength=len(row))[nucleus]
    often = expected.numpy() > 5
    cells = [np.append(each[often], each[~often].sum()) for each in (found, expected.numpy())]
    some = cells[1] > 0
    assert stats.chisquare(cells[0][some], cells[1][some]).pvalue > 1e-3


def test_uniforms_belong_to_one_response() -> None:
    first = uniforms(7, "a", 0, 10)
    assert np.array_equal(uniforms(7, "a", 0, 4), first[:4])
    for other in (uniforms(8, "a", 0, 10), uniforms(7, "b", 0, 10), uniforms(7, "a", 1, 10)):
        assert not np.isin(other, first).any()
    many = np.concatenate([uniforms(0, "a", index, 100) for index in range(200)])
    assert ((many >= 0) & (many < 1)).all()
    # Mean 1/2 with standard error 1 / sqrt(12 * 20000) = 0.002; four of them.
    assert abs(many.mean() - 0.5) < 0.0082
    assert stats.kstest(many, "uniform").pvalue > 1e-3


@pytest.fixture
def ending(build: Callable[[str], Policy]) -> Policy:
    """Ends a response with every third token or so."""
    policy = build("qwen3_vl")
    policy.end_token_ids = tuple(range(2, 300, 3))
    return policy


def test_finished_responses_make_no_difference(
    ending: Policy, prompts: list[EncodedPrompt]
) -> None:
    asked = request(prompts, group_size=6, max_tokens=12)
    whole = TransformersEngine().sample(ending, asked)
    lengths = {len(completion.completion_ids) for completion in whole}
    assert len(lengths) > 3, "some end early and some go on"
    assert ids(TransformersEngine(batch_prompts=1).sample(ending, asked)) == ids(whole)
    # The log-probabilities are those of a pass over the finished response.
    batch = ScoringBatch(prompts, [place // 6 for place in range(30)], ids(whole))
    for expected, completion in zip(
        completion_logprobs(ending, batch, temperature=0.9), whole, strict=True
    ):
        assert completion.rollout_logprobs == pytest.approx(expected, abs=1e-5)


def test_a_model_that_cannot_share_its_cache_draws_the_same(
    ending: Policy, prompts: list[EncodedPrompt]
) -> None:
    asked = request(prompts, max_tokens=8)
    shared = TransformersEngine().sample(ending, asked)
    ending.shares_prefix = False
    repeated = TransformersEngine().sample(ending, asked)
    assert ids(repeated) == ids(shared)
    for one, other in zip(repeated, shared, strict=True):
        assert one.rollout_logprobs == pytest.approx(other.rollout_logprobs, abs=1e-5)
