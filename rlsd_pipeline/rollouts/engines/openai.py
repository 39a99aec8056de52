"""Sampling by a running vLLM or SGLang server, through its OpenAI-compatible completions.

The text of a reply is not read: exact token ids go in and come out (`return_token_ids`, which both
servers have), so nothing is tokenized twice.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from rlsd_pipeline.config.endpoint import EndpointConfig
from rlsd_pipeline.endpoint import Endpoint, EndpointError
from rlsd_pipeline.errors import ConfigError, EngineError
from rlsd_pipeline.rollouts.engine import Completion, Engine, EngineGap, Progress, SamplingRequest
from rlsd_pipeline.rollouts.exchange import Reported, believed, sampling_arguments
from rlsd_pipeline.rollouts.served_weights import (
    FixedWeights,
    ReloadedWeights,
    WeightsConfig,
    serve,
)

if TYPE_CHECKING:
    from rlsd_pipeline.models.policy import Policy

_LONGEST_REPLY = 1 << 28
_SUPPRESSED = -100.0
"""The lowest bias that OpenAI's format allows."""


class OpenAIEngine(EndpointConfig, Engine):
    """Sampling by a running vLLM or SGLang server, through its OpenAI-compatible completions.

    The server must serve the policy that is sampled: some responses of every policy are scored here
    and compared with what the server reported.
    """

    type: Literal["openai"] = "openai"

    continues: ClassVar[bool] = True

    speed: ClassVar[tuple[str, ...]] = (
        "batch_prompts",
        "base_url",
        "api_key_env",
        "timeout_seconds",
        "concurrency",
        "retries",
        "weights",
        "max_engine_gap",
    )

    batch_prompts: Annotated[int, Field(ge=1)] = 512
    """Prompts handed over together; an interruption loses at most these."""

    timeout_seconds: Annotated[float, Field(gt=0, le=86_400)] = 1800.0
    """Time limit of one response, including the wait in the server's queue."""

    concurrency: Annotated[int, Field(ge=1, le=2048)] = 128
    """Responses requested at the same time; the server queues what it cannot run at once."""

    weights: WeightsConfig = FixedWeights()
    """How the server gets the weights of a new iteration."""

    max_engine_gap: EngineGap = 0.05
    """Largest accepted difference, in nats, between the server's log-probabilities and this
    process's for a few responses of every policy; a larger one means that the server serves another
    policy."""

    _served: str | None = None

    @property
    def serves_one_policy(self) -> bool:
        """See `Engine`."""
        return isinstance(self.weights, ReloadedWeights)

    @cached_property
    def _endpoint(self) -> Endpoint:
        return Endpoint(self, "the engine", _LONGEST_REPLY)

    def sample(
        self, policy: Policy, request: SamplingRequest, progress: Progress | None = None
    ) -> list[Completion]:
        """See `Engine`.

        Raises:
            ConfigError: A prompt has images, which the completions API cannot take, or the
                environment variable of the key is not set.
            AlignmentError: The server read another prompt than was sent.
            EngineError: The server is not reached, refuses, or serves another policy.
        """
        if any(prompt.images for prompt in request.prompts):
            raise ConfigError(
                "the engine `openai` sends token ids, and a prompt here has images, which the "
                "completions API does not take: declare `engine: {type: vllm}`"
            )
        self._require_policy(policy, request)
        completions: list[Completion] = []
        for part in request.parts(self.batch_prompts):
            completions += self._sample(policy, part, progress)
        return completions

    def _require_policy(self, policy: Policy, request: SamplingRequest) -> None:
        """See that the server has the policy's weights, where need be by giving it them."""
        weights = self.weights
        if isinstance(weights, ReloadedWeights):
            known = policy.weights_digest is not None and policy.weights_digest == self._served
            # A server that was started again has forgotten them, and is given them once more.
            if known and self._gap(policy, request) <= self.max_engine_gap:
                return
            self._served = None
            serve(self._endpoint, self.base_url, weights, policy)
        gap = self._gap(policy, request)
        if gap > self.max_engine_gap:
            raise EngineError(
                f"log-probabilities of the server at {self.base_url} are {gap:.3g} nats a "
                "token from those of the policy here, and engine.max_engine_gap is "
                f"{self.max_engine_gap}: it serves other weights (see engine.weights), or "
                "reports them before temperature (start vLLM with "
                "`--logprobs-mode processed_logprobs`)"
            )
        self._served = policy.weights_digest

    def _gap(self, policy: Policy, request: SamplingRequest) -> float:
        from rlsd_pipeline.rollouts.probe import engine_gap

        return engine_gap(policy, request, lambda probe: self._sample(policy, probe, None))

    def _sample(
        self, policy: Policy, request: SamplingRequest, progress: Progress | None
    ) -> list[Completion]:
        pool = ThreadPoolExecutor(self.concurrency, thread_name_prefix="openai-engine")
        try:
            asked: dict[Future[Completion], int] = {
                pool.submit(self._one, policy, one, body): index
                for index, (one, body) in enumerate(self._bodies(policy, request))
            }
            completions: dict[int, Completion] = {}
            for future in as_completed(asked):
                completions[asked[future]] = found = future.result()
                if progress is not None:
                    progress(len(found.completion_ids))
            return [completions[index] for index in range(len(asked))]
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _bodies(
        self, policy: Policy, request: SamplingRequest
    ) -> Iterator[tuple[SamplingRequest, dict[str, Any]]]:
        bias = {str(token): _SUPPRESSED for token in policy.suppressed_token_ids}
        for one, index in product(request.singles(), range(request.group_size)):
            arguments = sampling_arguments(policy, one, one.keys[0])
            yield (
                one,
                {
                    **arguments,
                    "model": self.model,
                    "prompt": one.prompts[0].prompt_ids,
                    # Each response apart: servers disagree on what one seed means for several.
                    "seed": arguments["seed"] + index,
                    "n": 1,
                    "logprobs": 1,
                    "return_token_ids": True,
                    "skip_special_tokens": False,
                    "logit_bias": bias or None,
                },
            )

    def _one(self, policy: Policy, request: SamplingRequest, body: dict[str, Any]) -> Completion:
        url = f"{self.base_url}/completions"
        try:
            received = self._endpoint.post(url, body)
        except EndpointError as error:
            raise EngineError(_no_response(url, error)) from error
        return believed(policy, request.prompts[0], request, _reported(received))


def _no_response(url: str, error: EndpointError) -> str:
    if error.detail:
        return f"the engine's server refuses a request to {url} ({error}): {error.detail}"
    return (
        f"the engine's server gives no response at {url}: {error}. See that it runs, that it is "
        "reached from here, and that engine.timeout_seconds is enough for a whole response"
    )


def _reported(received: bytes) -> Reported:
    try:
        (choice,) = json.loads(received)["choices"]
        ids, prompt_ids = choice.get("token_ids"), choice.get("prompt_token_ids")
        logprobs, reason = choice["logprobs"]["token_logprobs"], choice["finish_reason"]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise EngineError("the engine's server sent a reply that is no completion") from None
    if not (_are(int, ids) and _are(int, prompt_ids) and _are((int, float), logprobs)):
        raise EngineError(
            "the engine's server returns no token ids: it must know `return_token_ids`, as vLLM "
            "since 0.10.2 and SGLang since July 2026 do; text is never tokenized again, since that "
            "would not give back what was sampled"
        )
    return Reported(prompt_ids, ids, logprobs, reason)


def _are(kind: Any, values: Any) -> bool:
    return isinstance(values, list) and all(isinstance(value, kind) for value in values)
