"""What a model goes through in an experiment, each step held against transformers' own forward."""

import io
import random
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from rlsd_pipeline.config.update import UpdateConfig
from rlsd_pipeline.models.loading import load_policy
from rlsd_pipeline.models.logprobs import ScoringBatch, completion_logprobs
from rlsd_pipeline.models.policy import EncodedPrompt, Policy
from rlsd_pipeline.models.trial import require_agreement
from rlsd_pipeline.rollouts.engine import SamplingRequest
from rlsd_pipeline.rollouts.engines.transformers import TransformersEngine
from rlsd_pipeline.update.policy_update import UpdateGroup, make_optimizer, update_policy
from rlsd_pipeline.update.token_loss import Tokens
from rlsd_pipeline.weighting.method import TokenStreams

TEMPERATURE = 0.8
GROUP = 3
LOGPROB_GAP = 1e-5
GRADIENT_GAP = 1e-4

ASKED = (
    ("is there a red circle?", ((64, 64),)),
    ("what colour is the shape in the image? does it contain a triangle?", ((96, 32), (32, 64))),
    ("a red circle?", ()),
)
"""Questions with the sizes of their images: unequal in words, images and sizes."""


class Responses(NamedTuple):
    """Prompts with `GROUP` sampled responses each.

    Attributes:
        prompts: As encoded.
        completion_ids: Prompt after prompt.
        rollout_logprobs: As the engine gave them; nats.
    """

    prompts: Sequence[EncodedPrompt]
    completion_ids: Sequence[Sequence[int]]
    rollout_logprobs: Sequence[Sequence[float]]

    @property
    def rows(self) -> list[tuple[EncodedPrompt, Sequence[int]]]:
        """Each response with its prompt."""
        return [(self.prompts[i // GROUP], ids) for i, ids in enumerate(self.completion_ids)]

    @property
    def batch(self) -> ScoringBatch:
        """The responses as they are scored."""
        owners = [i // GROUP for i in range(len(self.completion_ids))]
        return ScoringBatch(self.prompts, owners, self.completion_ids)


def picture(width: int, height: int) -> bytes:
    """An encoded image of noise."""
    noise = random.Random(f"{width}/{height}").randbytes(width * height * 3)
    buffer = io.BytesIO()
    Image.frombytes("RGB", (width, height), noise).save(buffer, "PNG")
    return buffer.getvalue()


def encode(policy: Policy) -> list[EncodedPrompt]:
    """The questions, with their images where the model takes some."""
    prompts = [
        policy.encode(text, [picture(*size) for size in sizes] if policy.reads_images else ())
        for text, sizes in ASKED
    ]
    if policy.reads_images:
        assert [prompt.sees for prompt in prompts] == [True, True, False]
    return prompts


def sample(policy: Policy, prompts: Sequence[EncodedPrompt]) -> Responses:
    """Sampled by the default engine; no placeholder is among the tokens."""
    keys = [text for text, _ in ASKED]
    request = SamplingRequest(prompts, keys, GROUP, 8, TEMPERATURE, seed=1)
    completions = TransformersEngine().sample(policy, request)
    ids = [one.completion_ids for one in completions]
    drawn = {token for row in ids for token in row}
    assert not drawn & set(policy.suppressed_token_ids), "a placeholder was sampled"
    responses = Responses(prompts, ids, [one.rollout_logprobs for one in completions])
    _require_equal(responses.rollout_logprobs, plain_logprobs(policy, responses))
    return responses


def plain_logprobs(policy: Policy, responses: Responses) -> list[Tensor]:
    """Log-probabilities by the model's own forward, one response at a time; slow and simple."""
    return [_plain_row(policy, prompt, ids) for prompt, ids in responses.rows]


def _plain_row(policy: Policy, prompt: EncodedPrompt, completion_ids: Sequence[int]) -> Tensor:
    before, added = len(prompt.prompt_ids), len(completion_ids)
    ids = torch.tensor([[*prompt.prompt_ids, *completion_ids]])
    inputs = {name: value.clone() for name, value in prompt.inputs.items()}
    for name in ("mm_token_type_ids", "token_type_ids"):
        if name in inputs:
            # Response tokens are text, which is type 0.
            inputs[name] = F.pad(inputs[name], (0, added))
    if "cross_attention_mask" in inputs:
        # A response reads the images that the prompt's last token reads.
        mask = inputs["cross_attention_mask"]
        inputs["cross_attention_mask"] = torch.cat([mask, mask[:, -1:].repeat(1, added, 1, 1)], 1)
    output = policy.model(input_ids=ids, use_cache=False, **inputs)
    logits = output.logits[0, before - 1 : before - 1 + added].float() / TEMPERATURE
    logits[:, list(policy.suppressed_token_ids)] = float("-inf")
    return logits.log_softmax(-1).gather(-1, ids[0, before:, None]).squeeze(-1)


def _require_equal(found: Sequence[Sequence[float]], plain: Sequence[Tensor]) -> None:
    gap = max(
        (torch.tensor(row) - expected.detach()).abs().max().item()
        for row, expected in zip(found, plain, strict=True)
    )
    assert gap <= LOGPROB_GAP, f"log-probabilities are {gap:.1e} off"


def score(policy: Policy, responses: Responses) -> None:
    """All responses in one batch, in every form that the model has."""
    with torch.no_grad():
        plain = plain_logprobs(policy, responses)
    shares = policy.shares_prefix
    for form in {shares, False}:
        policy.shares_prefix = form
        try:
            found = completion_logprobs(policy, responses.batch, temperature=TEMPERATURE)
        finally:
            policy.shares_prefix = shares
        _require_equal(found, plain)


def train(policy: Policy, responses: Responses) -> None:
    """One update, whose gradient is that of the plain form; the weights change by it."""
    generator = torch.Generator().manual_seed(2)
    advantages = [torch.randn(len(ids), generator=generator) for ids in responses.completion_ids]
    parameters = {n: p for n, p in policy.model.named_parameters() if p.requires_grad}
    policy.model.zero_grad(set_to_none=True)
    plain = plain_logprobs(policy, responses)
    # At ratio 1 the clipped surrogate's gradient is that of A_t log π, a mean over each response.
    loss = -sum((a * row).mean() for a, row in zip(advantages, plain, strict=True)) / len(plain)
    loss.backward()
    expected = {n: None if p.grad is None else p.grad.clone() for n, p in parameters.items()}
    before = {name: value.detach().clone() for name, value in parameters.items()}
    update = UpdateConfig(learning_rate=1e-3, max_grad_norm=1e9)
    update_policy(
        policy,
        make_optimizer(policy, update),
        _groups(responses, plain, advantages),
        update,
        temperature=TEMPERATURE,
        seed=0,
    )
    _require_gradients({name: p.grad for name, p in parameters.items()}, expected)
    assert any(not torch.equal(p, before[name]) for name, p in parameters.items())


def _groups(
    responses: Responses, old: Sequence[Tensor], advantages: Sequence[Tensor]
) -> list[UpdateGroup]:
    groups = []
    for place, prompt in enumerate(responses.prompts):
        rows = slice(place * GROUP, (place + 1) * GROUP)
        streams = TokenStreams(token_advantages=torch.cat(list(advantages[rows])))
        tokens = Tokens(torch.cat(list(old[rows])).detach(), streams, None)
        groups.append(UpdateGroup(prompt, responses.completion_ids[rows], tokens))
    return groups


def _require_gradients(found: dict[str, Tensor | None], expected: dict[str, Tensor | None]) -> None:
    def norm(value: Tensor | None) -> float:
        return 0.0 if value is None else value.norm().item()

    largest = max(map(norm, expected.values()))
    assert largest > 0
    for name, value in expected.items():
        other = found[name]
        if value is None or other is None:
            assert norm(value) == norm(other) == 0, f"{name} has a gradient in one form only"
            continue
        # One that is zero but for rounding has no relative error.
        gap = norm(other - value) / max(norm(value), 1e-3 * largest)
        assert gap <= GRADIENT_GAP, f"the gradient of {name} is {gap:.1e} off"


def save(policy: Policy, responses: Responses, folder: Path) -> None:
    """Written and loaded again, it encodes and scores alike."""
    policy.save(folder)
    loaded = load_policy(folder)
    prompts = encode(loaded)
    for one, other in zip(prompts, responses.prompts, strict=True):
        assert one.prompt_ids == other.prompt_ids
    again = responses._replace(prompts=prompts)
    found = completion_logprobs(loaded, again.batch, temperature=TEMPERATURE)
    with torch.no_grad():
        _require_equal(found, plain_logprobs(policy, responses))


class Outcome(NamedTuple):
    """How far a model came.

    Attributes:
        shares_prefix: Whether a prompt is run once for its responses.
        warnings: What the product said on the way.
        done: The steps that went well, in order.
        failure: What the next one said; None where all did.
    """

    shares_prefix: bool
    warnings: Sequence[str]
    done: Sequence[str]
    failure: Exception | None


STEPS = ("encoded", "sampled", "scored", "trained", "saved")


def go(policy: Policy, folder: Path) -> Outcome:
    """All steps of an experiment, up to the first that fails."""
    done: list[str] = []
    failure: Exception | None = None
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        shares = policy.shares_prefix
        try:
            for step in _steps(policy, folder):
                done.append(step)
        except Exception as error:
            failure = error
    own = [str(each.message) for each in said if "so its prompts" in str(each.message)]
    return Outcome(shares, tuple(dict.fromkeys(own)), done, failure)


def _steps(policy: Policy, folder: Path) -> Iterator[str]:
    """Names each step once it is done."""
    require_agreement(policy, type(policy.model).__name__)
    prompts = encode(policy)
    yield "encoded"
    responses = sample(policy, prompts)
    yield "sampled"
    score(policy, responses)
    yield "scored"
    train(policy, responses)
    yield "trained"
    save(policy, responses, folder)
    yield "saved"
