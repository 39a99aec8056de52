"""A running vLLM: started once, called from this thread, updated with new weights as it runs."""

import asyncio
import atexit
import tempfile
import threading
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

from rlsd_pipeline.errors import ConfigError, EngineError
from rlsd_pipeline.models.policy import Policy
from rlsd_pipeline.rollouts.engines.vllm import VLLMEngine
from rlsd_pipeline.rollouts.vllm_files import drop_weights, write_model, write_weights

Result = TypeVar("Result")

_PULSE_SECONDS = 2.0


class EngineDiedError(Exception):
    """The processes of the engine are gone."""


class RunningVLLM:
    """vLLM's asynchronous engine, which also runs several copies of a model, on its own thread.

    Args:
        config: How it is declared.
        policy: What it runs first; later ones differ in their weights alone.

    Raises:
        ConfigError: An option is not vLLM's.
        EngineError: It does not start.
    """

    def __init__(self, config: VLLMEngine, policy: Policy) -> None:
        self._weights_digest = policy.weights_digest
        self._architecture = _architecture(policy)
        self._numbers = count()
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, name="vllm", daemon=True).start()
        self._folder = tempfile.TemporaryDirectory(prefix="rlsd-vllm-")
        self._engine: Any = None
        try:
            write_model(policy, self._path)
            self._engine = self._call(_start(config, policy, self._path))
            drop_weights(self._path)
        except BaseException:
            self.close()
            raise
        atexit.register(self.close)

    @property
    def _path(self) -> Path:
        return Path(self._folder.name)

    @property
    def longest(self) -> int:
        """Tokens that a prompt and its response may have together."""
        return int(self._engine.model_config.max_model_len)

    def runs(self, policy: Policy) -> bool:
        """Whether it can run a policy: one of the same architecture and tokenizer."""
        return self._architecture == _architecture(policy)

    def holds(self, policy: Policy) -> bool:
        """Whether it is known to hold a policy's weights as they now are."""
        return policy.weights_digest is not None and policy.weights_digest == self._weights_digest

    def load(self, policy: Policy) -> None:
        """Take over a policy's weights; caches of other weights are dropped.

        Raises:
            EngineDiedError: Its processes are gone.
        """
        self._weights_digest = None
        write_weights(policy, self._path)
        path = {"weights_path": str(self._path)}
        self._call(self._engine.collective_rpc("reload_weights", kwargs=path))
        if not self._call(self._engine.reset_prefix_cache()):
            raise EngineError("vLLM kept its prefix cache of the old weights: it was still busy")
        drop_weights(self._path)
        self._weights_digest = policy.weights_digest

    def generate(
        self,
        prompts: Sequence[Mapping[str, Any]],
        arguments: Sequence[Mapping[str, Any]],
        finished: Callable[[Any], None],
    ) -> list[Any]:
        """Sample after each prompt.

        Args:
            prompts: As vLLM takes them.
            arguments: Arguments of vLLM's `SamplingParams`, one set a prompt.
            finished: Told each `RequestOutput` as it comes, on this thread.

        Returns:
            vLLM's `RequestOutput` of each prompt.

        Raises:
            EngineDiedError: Its processes are gone.
        """
        asked: dict[Future[Any], int] = {}
        try:
            for index, (prompt, sampling) in enumerate(zip(prompts, arguments, strict=True)):
                asked[self._submit(self._generate(prompt, sampling))] = index
            outputs: list[Any] = [None] * len(prompts)
            for future in self._done(asked):
                outputs[asked[future]] = _result(future)
                finished(outputs[asked[future]])
            return outputs
        finally:
            for future in asked:
                future.cancel()

    def close(self) -> None:
        """End its processes and remove what it read."""
        atexit.unregister(self.close)
        if self._engine is not None:
            self._engine.shutdown()
            self._engine = None
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._folder.cleanup()

    async def _generate(self, prompt: Mapping[str, Any], sampling: Mapping[str, Any]) -> Any:
        from vllm import SamplingParams
        from vllm.sampling_params import RequestOutputKind

        asked = SamplingParams(**sampling, output_kind=RequestOutputKind.FINAL_ONLY)
        outputs = self._engine.generate(prompt, asked, str(next(self._numbers)))
        # Only final outputs are requested, so there is exactly one.
        return [output async for output in outputs][-1]

    def _submit(self, coroutine: Coroutine[Any, Any, Result]) -> "Future[Result]":
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    def _call(self, coroutine: Coroutine[Any, Any, Result]) -> Result:
        future = self._submit(coroutine)
        try:
            (done,) = self._done([future])
            return _result(done)
        finally:
            future.cancel()

    def _done(self, futures: Iterable["Future[Result]"]) -> Iterator["Future[Result]"]:
        """Yield each output when it is done; if vLLM dies, some never are."""
        left = set(futures)
        while left:
            done, left = wait(left, _PULSE_SECONDS, FIRST_COMPLETED)
            yield from done
            if not done and self._engine is not None and self._engine.errored:
                raise EngineDiedError("its processes are gone")


async def _start(config: VLLMEngine, policy: Policy, folder: Path) -> Any:
    from vllm.engine.arg_utils import AsyncEngineArgs
    from vllm.platforms import current_platform
    from vllm.v1.engine.async_llm import AsyncLLM

    arguments = engine_arguments(config, policy, folder)
    if current_platform.is_cpu():
        # On a processor, a prompt that is read in several steps and has a seed kills 0.32: it
        # would take back a random number that it drew too many, which only GPUs can.
        arguments.setdefault("enable_chunked_prefill", False)
    try:
        declared = AsyncEngineArgs(**arguments)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"engine: vLLM does not take these settings: {error}") from error
    try:
        return AsyncLLM.from_engine_args(declared)
    except Exception as error:
        raise EngineError(
            f"vLLM does not start: {error}. Its own log above says why; where memory is short, "
            "lower engine.max_model_len or change engine.gpu_memory_utilization"
        ) from error


def engine_arguments(config: VLLMEngine, policy: Policy, folder: Path) -> dict[str, Any]:
    """Arguments of vLLM's `AsyncEngineArgs`."""
    return {
        "model": str(folder),
        "tokenizer": str(folder),
        "dtype": config.dtype or str(policy.model.dtype).removeprefix("torch."),
        "tensor_parallel_size": config.tensor_parallel_size,
        "data_parallel_size": config.data_parallel_size,
        "gpu_memory_utilization": config.gpu_memory_utilization,
        "max_model_len": config.max_model_len,
        # At the temperature and without suppressed tokens, as scoring has them.
        "logprobs_mode": "processed_logprobs",
        # Runs a prompt once for its group.
        "enable_prefix_caching": True,
        "disable_log_stats": True,
        **config.options,
    }


def _result(future: "Future[Result]") -> Result:
    from vllm.v1.engine.exceptions import EngineDeadError

    try:
        return future.result()
    except EngineDeadError as error:
        raise EngineDiedError(str(error)) from error
    except CancelledError as error:
        raise EngineDiedError("a request was cancelled") from error


def _architecture(policy: Policy) -> str:
    return f"{_plain(policy.model.config.to_dict())}/{len(policy.tokenizer)}"


_SET_BY_SAVING = ("architectures", "dtype", "transformers_version", "_name_or_path")


def _plain(value: Any) -> Any:
    """A configuration without what saving and loading a model write into it."""
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items() if key not in _SET_BY_SAVING}
    return value
