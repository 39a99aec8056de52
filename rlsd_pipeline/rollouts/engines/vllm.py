"""Sampling with vLLM, which this process starts once and keeps."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field, JsonValue, field_validator

from rlsd_pipeline.errors import ConfigError, EngineError
from rlsd_pipeline.rollouts.engine import (
    Completion,
    Engine,
    EngineGap,
    Footprint,
    Progress,
    SamplingRequest,
)
from rlsd_pipeline.rollouts.exchange import Reported, believed, sampling_arguments

if TYPE_CHECKING:
    from rlsd_pipeline.models.policy import EncodedPrompt, Policy
    from rlsd_pipeline.rollouts.running_vllm import RunningVLLM

_DECLARED_HERE = (
    "model",
    "tokenizer",
    "dtype",
    "tensor_parallel_size",
    "data_parallel_size",
    "gpu_memory_utilization",
    "max_model_len",
    "logprobs_mode",
    "enable_prefix_caching",
)


def vllm_prompt(prompt: EncodedPrompt) -> dict[str, Any]:
    """A prompt in vLLM's form: vLLM expands image placeholders itself."""
    if not prompt.images:
        return {"prompt_token_ids": prompt.prompt_ids}
    from rlsd_pipeline.data.images import decode_image

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


class VLLMEngine(Engine):
    """Sampling with a vLLM that this process starts once, keeps, and gives the newest weights."""

    type: Literal["vllm"] = "vllm"

    continues: ClassVar[bool] = True

    speed: ClassVar[tuple[str, ...]] = (
        "batch_prompts",
        "tensor_parallel_size",
        "data_parallel_size",
        "gpu_memory_utilization",
        "max_model_len",
        "max_engine_gap",
    )

    batch_prompts: Annotated[int, Field(ge=1)] = 512
    """Prompts handed over together; a crash of the engine or an interruption loses at most
    these."""

    dtype: Literal["float32", "bfloat16", "float16"] | None = None
    """Type of the engine's weights and activations; null takes the policy's own."""

    tensor_parallel_size: Annotated[int, Field(ge=1)] = 1
    """Devices that share one copy of the model."""

    data_parallel_size: Annotated[int, Field(ge=1)] = 1
    """Copies of the model, each on devices of its own."""

    gpu_memory_utilization: Annotated[float, Field(gt=0, le=1)] = 0.5
    """Share of a device's memory that vLLM takes and keeps; the rest is for scoring and training,
    which use the same devices. A CPU has `VLLM_CPU_KVCACHE_SPACE` (gigabytes) instead."""

    max_model_len: Annotated[int, Field(ge=1)] | None = None
    """Longest prompt with its response, in tokens; null takes the model's limit, whose cache may
    not fit into memory."""

    max_engine_gap: EngineGap = 0.05
    """Largest accepted difference, in nats, between vLLM's log-probabilities and this process's for
    a few responses of every policy; a larger one means that vLLM runs another policy."""

    options: dict[str, JsonValue] = Field(default={})
    """Further arguments of vLLM's `AsyncEngineArgs`, such as `{max_num_seqs: 512}`."""

    _running: RunningVLLM | None = None

    @field_validator("options")
    @classmethod
    def _options_are_others(cls, options: dict[str, JsonValue]) -> dict[str, JsonValue]:
        for name in options:
            if name in _DECLARED_HERE:
                raise ValueError(f"{name!r} is set by the engine's own keys or by the model")
        return options

    @property
    def serves_one_policy(self) -> bool:
        """See `Engine`; every process starts its own."""
        return False

    @property
    def footprint(self) -> Footprint:
        """See `Engine`."""
        return Footprint(
            copies=self.data_parallel_size,
            devices=self.tensor_parallel_size,
            dtype=self.dtype,
            memory_share=self.gpu_memory_utilization,
        )

    def sample(
        self, policy: Policy, request: SamplingRequest, progress: Progress | None = None
    ) -> list[Completion]:
        """See `Engine`; a vLLM that dies is started again once.

        Raises:
            ConfigError: vLLM is not installed, or a prompt and its response may be longer than
                `max_model_len`.
            EngineError: vLLM does not start, or died twice over the same prompts.
        """
        _require_vllm()
        from rlsd_pipeline.rollouts.running_vllm import EngineDiedError

        completions: list[Completion] = []
        for part in request.parts(self.batch_prompts):
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
        from rlsd_pipeline.rollouts.running_vllm import EngineDiedError

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
        from rlsd_pipeline.rollouts.running_vllm import RunningVLLM

        if self._running is not None and not self._running.runs(policy):
            self.close()
        if self._running is None:
            self._running = RunningVLLM(self, policy)
            self._require_policy(self._running, policy, request)
        elif not self._running.holds(policy):
            self._running.load(policy)
            self._require_policy(self._running, policy, request)
        return self._ask(self._running, policy, request, progress)

    def _require_policy(
        self, running: RunningVLLM, policy: Policy, request: SamplingRequest
    ) -> None:
        """Refuse to sample where vLLM's model is not the policy; it then only warns, in its log."""
        from rlsd_pipeline.rollouts.probe import engine_gap

        gap = engine_gap(policy, request, lambda probe: self._ask(running, policy, probe, None))
        if gap > self.max_engine_gap:
            self.close()
            raise EngineError(
                f"log-probabilities of vLLM are {gap:.3g} nats a token from those of transformers "
                "on the same weights, and engine.max_engine_gap is "
                f"{self.max_engine_gap}: its log may say which weights it could not load. "
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

        asked = request.singles()
        outputs = running.generate(
            [vllm_prompt(prompt) for prompt in request.prompts],
            [vllm_sampling(policy, one, key) for one, key in zip(asked, request.keys, strict=True)],
            told,
        )
        return [
            believed(policy, one.prompts[0], one, _reported(output, each))
            for one, output in zip(asked, outputs, strict=True)
            for each in output.outputs
        ]


def _require_vllm() -> None:
    if find_spec("vllm") is None:
        raise ConfigError(
            "the engine is `vllm`, and vLLM is not installed: run `pip install -e '.[vllm]'` "
            "in the checkout, or declare `engine: {type: transformers}`"
        )
    # No usage statistics are sent unless the user wants them.
    os.environ.setdefault("VLLM_NO_USAGE_STATS", "1")


def _require_room(running: RunningVLLM, request: SamplingRequest) -> None:
    asked = zip(request.prompts, request.budgets, strict=True)
    prompt, budget = max(
        ((len(prompt.prompt_ids), budget) for prompt, budget in asked), key=sum, default=(0, 0)
    )
    if prompt + budget > running.longest:
        raise ConfigError(
            f"a prompt of {prompt} tokens with a response of up to {budget} is longer than vLLM's "
            f"{running.longest}: raise engine.max_model_len, or lower the budget of a response"
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
