"""Requests to an engine outside this library, and checks of its answers."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from rlsd_pipeline.errors import AlignmentError, EngineError
from rlsd_pipeline.rollouts.engine import Completion, SamplingRequest
from schemas import FinishReason

if TYPE_CHECKING:
    from rlsd_pipeline.models.policy import EncodedPrompt, Policy


class Reported(NamedTuple):
    """One response as an engine reports it.

    Attributes:
        prompt_ids: The prompt it was sampled after, image placeholders expanded.
        completion_ids: Sampled token ids.
        logprobs: One of each, nats.
        finish_reason: In the engine's words.
    """

    prompt_ids: Sequence[int]
    completion_ids: Sequence[int]
    logprobs: Sequence[float]
    finish_reason: str | None


def group_seed(seed: int, key: str) -> int:
    """Seed of a group's first response; those of the others follow it one by one."""
    digest = hashlib.sha256(f"{seed}/{key}".encode()).digest()
    return int.from_bytes(digest[:8], "little") >> 2


def sampling_arguments(policy: Policy, request: SamplingRequest, key: str) -> dict[str, Any]:
    """A request in the words that vLLM and SGLang share.

    Everything that a model's own generation config could change is said.

    Args:
        policy: The policy whose end tokens end a response.
        request: What to sample.
        key: Key of the prompt.
    """
    return {
        "temperature": request.temperature,
        "top_p": request.top_p,
        "top_k": -1 if request.top_k is None else request.top_k,
        "min_p": 0.0,
        "repetition_penalty": 1.0,
        "presence_penalty": 0.0,
        "frequency_penalty": 0.0,
        "max_tokens": request.max_tokens,
        "stop_token_ids": list(policy.end_token_ids),
        "seed": group_seed(request.seed, key),
    }


def believed(
    policy: Policy, prompt: EncodedPrompt, request: SamplingRequest, reported: Reported
) -> Completion:
    """A reported response, if it fits the request.

    Its log-probabilities are nan where `top_p` or `top_k` cut: engines report them after the cut.

    Raises:
        AlignmentError: The engine read another prompt.
        EngineError: The engine reports values that sampling cannot give.
    """
    if list(reported.prompt_ids) != prompt.prompt_ids:
        raise AlignmentError(
            f"the engine read a prompt of {len(reported.prompt_ids)} tokens that is not the one of "
            f"{len(prompt.prompt_ids)} that was encoded here: its tokenizer or image processor "
            "is not the policy's"
        )
    ids, logprobs = list(reported.completion_ids), [min(p, 0.0) for p in reported.logprobs]
    fault = _fault(policy, request, reported)
    if fault is not None:
        raise EngineError(f"the engine reports {fault}; it is of a version that is not understood")
    if request.top_p < 1 or request.top_k is not None:
        logprobs = [math.nan] * len(ids)
    return Completion(ids, logprobs, FinishReason(str(reported.finish_reason)))


def _fault(policy: Policy, request: SamplingRequest, reported: Reported) -> str | None:
    ids, reason = reported.completion_ids, reported.finish_reason
    if len(reported.logprobs) != len(ids):
        return f"{len(reported.logprobs)} log-probabilities of {len(ids)} tokens"
    if not all(math.isfinite(value) for value in reported.logprobs):
        return "a log-probability that is no number"
    if reason not in ("stop", "length"):
        return f"a response that ended by {reason!r}"
    return ending_fault(policy, request, ids, FinishReason(reason))


def ending_fault(
    policy: Policy, request: SamplingRequest, ids: Sequence[int], reason: FinishReason
) -> str | None:
    """The fault of a response's tokens that sampling cannot produce; None if there is none.

    Args:
        policy: The policy of the tokens.
        request: What was asked for.
        ids: Token ids of the response.
        reason: Why it ended.
    """
    ends = [token in policy.end_token_ids for token in ids]
    if (reason is FinishReason.STOP and ends.count(True) != 1) or True in ends[:-1]:
        return "a response that goes on after its end token, or stops without one"
    cut = reason is FinishReason.LENGTH
    if cut and (len(ids) != request.max_tokens or True in ends):
        return f"a cut response of {len(ids)} tokens, where max_tokens is {request.max_tokens}"
    if not set(policy.suppressed_token_ids).isdisjoint(ids):
        return "a suppressed token, such as an image's placeholder"
    return None
