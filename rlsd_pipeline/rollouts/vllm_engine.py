"""Sampling with vLLM, which this process starts once and keeps."""

import os
import warnings
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

from rlsd_pipeline.config.engine import VLLMEngineConfig
from rlsd_pipeline.data.images import decode_image
from rlsd_pipeline.errors import ConfigError, EngineError
from rlsd_pipeline.models.policy import EncodedPrompt, Policy
from rlsd_pipeline.rollouts.engine import Completion, Progress, SamplingRequest
from rlsd_pipeline.rollouts.exchange import Reported, believed, sampling_arguments
from rlsd_pipeline.rollouts.probe import engine_gap
from rlsd_pipeline.rollouts.running_vllm import EngineDiedError, RunningVLLM


def vllm_prompt(prompt: EncodedPrompt) -> dict[str, Any]:
    """A prompt as vLLM takes it: it expands image placeholders itself."""
    if not prompt.images:
        return {"prompt_token_ids": prompt.prompt_ids}
    images = [decode_image(image) for image in prompt.images]
    return {"prompt_token_ids": list(prompt.short_ids), "multi_modal_data": {"image": images}}


def vllm_sampling(policy: Policy, request: SamplingRequest, key: str) -> dict[str, Any]:
    """Arguments of vLLM's `SamplingParams` for the group of a prompt."""
    return {
        **sampling_arguments(policy, request, key),
        "n": request.group_size,
        "logprobs": 0,
        "detokenize": False,
        "logit_bias": dict.fromkeys(policy.suppressed_token_ids, float("-inf")) or None,
    }


class VLLMEngine:
    """Samples with a vLLM of its own, and starts it again if it dies.

    Args:
        config: How it is declared.

    Raises:
        ConfigError: vLLM is not installed.
    """

    def __init__(self, config: VLLMEngineConfig) -> None:
        if find_spec("vllm") is None:
            raise ConfigError(
                "the engine is `vllm`, and vLLM is not installed: run `pip install -e '.[vllm]'` "
                "in the checkout, or declare `engine: {type: transformers}`"
            )
        # Nobody is told what runs here unless the user wants it.
        os.environ.setdefault("VLLM_NO_USAGE_STATS", "1")
        self._config = config
        self._running: RunningVLLM | None = None

    def sample(
        self, policy: Policy, request: SamplingRequest, progress: Progress | None = None
    ) -> list[Completion]:
        """Sample `group_size` completions of each prompt, prompt after prompt.

        Raises:
            ConfigError: A prompt and its response may be longer than `max_model_len`.
            EngineError: vLLM does not start, or died twice over the same prompts.
        """
        completions: list[Completion] = []
        for part in request.parts(self._config.batch_prompts):
            try:
                completions += self._sample(policy, part, progress)
            except EngineDiedError as death:
                warnings.warn(f"vLLM died ({death}); it is started again", stacklevel=2)
                self.close()
                completions += self._again(policy, part, progress)
        return completions

    def close(self) -> None:
        """End the running vLLM, if there is one."""
        if self._running is not None:
            running, self._running = self._running, None
            running.close()

    def _again(
        self, policy: Policy, request: SamplingRequest, progress: Progress | None
    ) -> list[Completion]:
        try:
            return self._sample(policy, request, progress)
        except EngineDiedError as death:
            self.close()
            raise EngineError(
                f"vLLM died again over the same {len(request.prompts)} prompts ({death}); its own "
                "log above says why. Where memory is short, lower engine.gpu_memory_utilization "
                "or sampling.max_tokens"
            ) from death

    def _sample(
        self, policy: Policy, request: SamplingRequest, progress: Progress | None
    ) -> list[Completion]:
        if self._running is not None and not self._running.runs(policy):
            self.close()
        if self._running is None:
            self._running = RunningVLLM(self._config, policy)
            self._require_policy(self._running, policy, request)
        elif not self._running.holds(policy):
            self._running.load(policy)
            self._require_policy(self._running, policy, request)
        return self._ask(self._running, policy, request, progress)

    def _require_policy(
        self, running: RunningVLLM, policy: Policy, request: SamplingRequest
    ) -> None:
        """Refuse to sample where vLLM's model is not the policy; it then only warns, in its log."""
        gap = engine_gap(policy, request, lambda probe: self._ask(running, policy, probe, None))
        if gap > self._config.max_engine_gap:
            self.close()
            raise EngineError(
                f"log-probabilities of vLLM are {gap:.3g} nats a token from those of transformers "
                "on the same weights, and engine.max_engine_gap is "
                f"{self._config.max_engine_gap}: its log may say which weights it could not load. "
                "Declare another dtype, a larger max_engine_gap, or "
                "`engine: {type: transformers}`"
            )

    def _ask(
        self,
        running: RunningVLLM,
        policy: Policy,
        request: SamplingRequest,
        progress: Progress | None,
    ) -> list[Completion]:
        _require_room(running, request)

        def told(output: Any) -> None:
            if progress is not None:
                progress(sum(len(each.token_ids) for each in output.outputs))

        outputs = running.generate(
            [vllm_prompt(prompt) for prompt in request.prompts],
            [vllm_sampling(policy, request, key) for key in request.keys],
            told,
        )
        return [
            believed(policy, prompt, request, _reported(output, each))
            for prompt, output in zip(request.prompts, outputs, strict=True)
            for each in output.outputs
        ]


def _require_room(running: RunningVLLM, request: SamplingRequest) -> None:
    prompt = max((len(prompt.prompt_ids) for prompt in request.prompts), default=0)
    if prompt + request.max_tokens > running.longest:
        raise ConfigError(
            f"a prompt of {prompt} tokens with a response of up to {request.max_tokens} is longer "
            f"than vLLM's {running.longest}: raise engine.max_model_len, or lower the budget of a "
            "response"
        )


def _reported(output: Any, response: Any) -> Reported:
    ids: list[int] = list(response.token_ids)
    tables: list[Mapping[int, Any]] = response.logprobs
    return Reported(
        prompt_ids=output.prompt_token_ids,
        completion_ids=ids,
        logprobs=[table[token].logprob for table, token in zip(tables, ids, strict=True)],
        finish_reason=response.finish_reason,
    )
