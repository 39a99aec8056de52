"""Checks the responses of a user's engine against the request."""

from __future__ import annotations

import math
from collections.abc import Sequence
from numbers import Integral, Real
from typing import TYPE_CHECKING

from rlsd_pipeline.components.guarded import refused
from rlsd_pipeline.rollouts.engine import Completion, Engine, SamplingRequest
from rlsd_pipeline.rollouts.exchange import ending_fault
from schemas import FinishReason

if TYPE_CHECKING:
    from rlsd_pipeline.models.policy import Policy

_ROUNDING = 1e-3
"""Nats by which a log-probability may be above 0."""


def require_answer(
    engine: Engine, policy: Policy, request: SamplingRequest, completions: Sequence[Completion]
) -> None:
    """See that a request was answered in full, each response with its log-probabilities.

    Raises:
        ComponentError: The answer is invalid; names the engine, its line and the problem.
    """
    wanted = len(request.prompts) * request.group_size
    if not isinstance(completions, list) or len(completions) != wanted:
        found = len(completions) if isinstance(completions, list) else type(completions).__name__
        what = f"problems {request.keys[0]} to {request.keys[-1]}"
        problem = (
            f"`sample` gave {found}, and a list of {wanted} completions is wanted, "
            f"{request.group_size} of each of {len(request.prompts)} prompts"
        )
        raise refused(engine, what, problem, type(engine).sample)
    vocabulary = policy.model.get_output_embeddings().weight.shape[0]
    for place, completion in enumerate(completions):
        fault = _fault(policy, request, completion, vocabulary)
        if fault is not None:
            prompt, sample = divmod(place, request.group_size)
            where = f"problem {request.keys[prompt]}, response {sample}"
            raise refused(engine, where, f"`sample` gave {fault}", type(engine).sample)


def _fault(
    policy: Policy, request: SamplingRequest, completion: object, vocabulary: int
) -> str | None:
    if not isinstance(completion, Completion):
        return f"{completion!r:.60}, which is no `Completion`"
    ids, logprobs = completion.completion_ids, completion.rollout_logprobs
    if not isinstance(ids, list) or not isinstance(logprobs, list):
        return "ids or log-probabilities that are no list"
    if len(logprobs) != len(ids):
        return f"{len(logprobs)} log-probabilities of {len(ids)} tokens"
    if len(ids) > request.max_tokens:
        return f"{len(ids)} tokens, where max_tokens is {request.max_tokens}"
    for token in ids:
        if not isinstance(token, Integral) or not 0 <= token < vocabulary:
            return f"the token id {token!r}, and the vocabulary has {vocabulary} ids"
    for value in logprobs:
        if not isinstance(value, Real) or not (math.isnan(value) or -math.inf < value < _ROUNDING):
            return f"the log-probability {value!r}: nats, not above 0 and finite, or nan"
    if not isinstance(completion.finish_reason, FinishReason):
        return f"the finish_reason {completion.finish_reason!r}, which is no `FinishReason`"
    return ending_fault(policy, request, ids, completion.finish_reason)
