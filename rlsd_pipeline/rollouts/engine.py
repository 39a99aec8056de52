"""The base class of engines: prompts in, sampled completions with log-probabilities out."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, NamedTuple

from pydantic import Field

from rlsd_pipeline.components.component import Component, identity
from schemas import FinishReason

if TYPE_CHECKING:
    from rlsd_pipeline.models.policy import EncodedPrompt, Policy

Progress = Callable[[int], None]
"""A callback for the number of tokens sampled since its last call."""


class Completion(NamedTuple):
    """One sampled response.

    Attributes:
        completion_ids: Sampled token ids, the end token included where it was sampled.
        rollout_logprobs: Log-probability of each when sampled, nats, before `top_p` and `top_k`;
            as long as `completion_ids`. nan where these cut and the engine only tells what is
            after the cut.
        finish_reason: `stop` where the end token was sampled, `length` where the budget ended it.
    """

    completion_ids: list[int]
    rollout_logprobs: list[float]
    finish_reason: FinishReason


class SamplingRequest(NamedTuple):
    """A request for samples.

    Attributes:
        prompts: One per problem.
        keys: One per prompt; with `seed` it fixes the randomness of each of its responses.
        group_size: Responses per prompt.
        max_tokens: Token limit of one response, including the end token.
        temperature: 0 takes the likeliest token.
        seed: Seed of the draw.
        top_p: Sample from the likeliest tokens that together have this probability.
        top_k: Sample from this many likeliest tokens; None samples from all.
        begun: Number of each prompt's last tokens that already belong to the response; they count
            towards `max_tokens`. None if no response has begun.
    """

    prompts: Sequence[EncodedPrompt]
    keys: Sequence[str]
    group_size: int
    max_tokens: int
    temperature: float
    seed: int
    top_p: float = 1.0
    top_k: int | None = None
    begun: Sequence[int] | None = None

    @property
    def budgets(self) -> list[int]:
        """The tokens that are left for a response to each prompt."""
        return [self.max_tokens - begun for begun in self.begun or [0] * len(self.prompts)]

    def parts(self, prompts: int) -> list[SamplingRequest]:
        """The request divided into requests of at most that many prompts, in order."""
        return [
            self._replace(
                prompts=self.prompts[start : start + prompts],
                keys=self.keys[start : start + prompts],
                begun=None if self.begun is None else self.begun[start : start + prompts],
            )
            for start in range(0, len(self.prompts), prompts)
        ]

    def singles(self) -> list[SamplingRequest]:
        """One request for each prompt, whose `max_tokens` is the rest of its budget."""
        return [
            part._replace(max_tokens=budget, begun=None)
            for part, budget in zip(self.parts(1), self.budgets, strict=True)
        ]

    def anew(self) -> SamplingRequest:
        """The request as if no response had begun; some responses may then exceed their budget."""
        most = max(self.budgets, default=self.max_tokens)
        return self._replace(max_tokens=most, begun=None)


class Footprint(NamedTuple):
    """The resources of its process's devices that an engine uses.

    Attributes:
        copies: Copies of the sampling weights, side by side; 0 where a server elsewhere holds them.
        devices: Devices that hold one copy.
        dtype: Type of weights, keys and values; None takes the policy's own.
        memory_share: Of a device's memory, kept while the policy is trained; None where sampling
            and training share the weights.
    """

    copies: int = 0
    devices: int = 1
    dtype: Literal["float32", "bfloat16", "float16"] | None = None
    memory_share: float | None = None


EngineGap = Annotated[float, Field(gt=0)]
"""Mean difference between log-probabilities as an engine reports and as transformers computes them,
in nats a token."""


class Engine(Component):
    """The base class of engines, which sample responses.

    A declaration has one engine for the life of a process, so its private attributes, such as a
    connection, last from call to call. It runs in every process that samples.
    """

    component_kind = "engine"

    scores: ClassVar[bool] = False
    """Whether its log-probabilities equal those of scoring and training up to rounding; otherwise
    the update corrects for the difference (docs/method.md, eq. 23)."""

    continues: ClassVar[bool] = False
    """Whether it reads `begun` of a request. Otherwise it gets the request as if no response had
    begun, and tokens beyond a budget are cut."""

    speed: ClassVar[tuple[str, ...]] = ("batch_prompts",)
    """Settings that change only speed and memory, and never the samples."""

    batch_prompts: Annotated[int, Field(ge=1)] = 64
    """Prompts handed over together; an interruption loses at most these. It changes memory and
    speed, never the samples."""

    @property
    def identity(self) -> dict[str, Any]:
        """The settings that decide the samples; other settings may change freely."""
        return identity(self, without=self.speed)

    @property
    def serves_one_policy(self) -> bool:
        """Whether all processes reach one server that holds the weights of one policy at a time.

        Several arms are then not trained at the same time.
        """
        return True

    @property
    def footprint(self) -> Footprint:
        """Its footprint on the devices here, for the plan; nothing by default."""
        return Footprint()

    @abstractmethod
    def sample(
        self, policy: Policy, request: SamplingRequest, progress: Progress
    ) -> list[Completion]:
        """Sample `group_size` completions of each prompt, prompt after prompt.

        Args:
            policy: The model and tokenizer to sample from; `weights_digest` names its weights,
                `save` writes them for a server, `end_token_ids` end a response, and
                `suppressed_token_ids` must not be drawn.
            request: At most `batch_prompts` prompts, and how to draw.
            progress: Receives the number of tokens sampled since the last report.

        Returns:
            `len(request.prompts) * request.group_size` completions; those of a prompt are
            contiguous.

        Raises:
            EngineError: The engine is not reached, or does not sample from this policy.
        """
