"""Settings of the policy update from a table of token weights."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from rlsd_pipeline.components.component import identity
from rlsd_pipeline.config.strict import StrictConfig


class LoRAConfig(StrictConfig):
    """Low-rank adapters trained in the place of the weights (arXiv 2106.09685).

    There is no dropout: it would train another policy than the one that sampled, and ρ_t would
    measure it.
    """

    rank: Annotated[int, Field(ge=1)] = 16

    alpha: Annotated[float, Field(gt=0)] = 32.0
    """What an adapter adds is scaled by alpha / rank."""

    target_modules: Annotated[tuple[str, ...], Field(min_length=1, strict=False)] = (
        "q_proj",
        "k_proj",
        "v_proj",
        "o_proj",
        "gate_proj",
        "up_proj",
        "down_proj",
    )
    """Names of the linear modules that get one; by default those of the language model."""


class FutureKLConfig(StrictConfig):
    """FIPO: an advantage counts by how the policy has moved from its token on (arXiv 2603.19835).

    f_t = clip(exp(Σ_{k>=t} γ^(k-t) (log π - log π_old)), 1 - below, 1 + above) has no gradient, and
    γ = 2^(-1/half_life); the defaults are those of ms-swift (docs/method.md, eq. 51). Before the
    policy has moved it is 1.
    """

    half_life: Annotated[float, Field(gt=0)] = 32.0
    """Tokens after which a move counts half."""

    below: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """How far below 1 the factor may fall; 0 only ever raises an advantage."""

    above: Annotated[float, Field(ge=0)] = 0.2
    """How far above 1 it may rise."""


class UpdateConfig(StrictConfig):
    """The clipped policy update; the defaults are the paper's (docs/method.md, eq. 22)."""

    learning_rate: Annotated[float, Field(gt=0)] = 1e-6
    betas: Annotated[tuple[float, float], Field(strict=False)] = (0.9, 0.999)
    weight_decay: Annotated[float, Field(ge=0)] = 0.01
    max_grad_norm: Annotated[float, Field(gt=0)] = 1.0
    clipping: Annotated[
        Literal["token", "sequence", "weight"], Field(exclude_if=lambda form: form == "token")
    ] = "token"
    """What the bounds of the ratio hold. `token`: the surrogate at each token, as in PPO, GRPO and
    DAPO. `sequence`: that of the response, by the geometric mean of its ratios (GSPO). `weight`:
    the ratio as a weight of the likelihood, whose gradient no bound takes away (CISPO).
    docs/method.md, eq. 49 and 50."""

    future_kl: Annotated[FutureKLConfig | None, Field(exclude_if=lambda config: config is None)] = (
        None
    )
    """Weigh each advantage by how the policy has moved from its token on (FIPO), or None."""

    clip_low: Annotated[float, Field(gt=0, lt=1)] = 0.2
    clip_high: Annotated[float, Field(gt=0)] = 0.28
    dual_clip: Annotated[float, Field(gt=1)] | None = None
    """Bound on the ratio where the advantage is negative; the reference code has 3.0."""

    distillation_ratio_clip: Annotated[float, Field(gt=0)] | None = None
    """Weigh the divergence by ρ_t up to this bound where rollouts are older; SDPO has 2.0."""

    engine_ratio_cap: Annotated[float, Field(ge=1)] | None = 2.0
    """Where another engine than the one that scores sampled the rollouts, each token's loss is
    weighed by exp(student_logprobs - rollout_logprobs) up to this bound; None leaves it as it is.
    """

    denominator: Literal["sequence", "token", "learnt_token", "constant"] = "sequence"
    """Mean over each response, then responses (`sequence`), or over all tokens (`token`, as in
    DAPO), or over the tokens that carry a weight (`learnt_token`): SDPO's, whose masked responses
    do not count. `constant`: the sum over a response's tokens by `response_tokens`, then the mean
    over responses: Dr. GRPO's, in which a token counts the same in short and long responses."""

    response_tokens: Annotated[
        int | None, Field(ge=1, exclude_if=lambda tokens: tokens is None)
    ] = None
    """What `constant` divides by: in Dr. GRPO's code the most tokens of a response."""

    epochs: Annotated[int, Field(ge=1)] = 1
    """Passes over one table of rollouts."""

    prompts_per_step: Annotated[int, Field(ge=1)] | None = None
    """Prompts of one optimizer step; None takes the whole table, as the released script does."""

    micro_batch_tokens: Annotated[int, Field(ge=1)] = 2**15
    """Tokens of prompts and responses, padding included, that are run at once in scoring and in the
    update; it changes memory and speed, not the result."""

    lora: LoRAConfig | None = None
    """Train an adapter of the base model; None trains all weights. Needs the extra `lora`."""

    @model_validator(mode="after")
    def _constant_is_given(self) -> Self:
        if (self.denominator == "constant") != (self.response_tokens is not None):
            raise ValueError(
                f"denominator is {self.denominator!r} and response_tokens is "
                f"{self.response_tokens}: `constant` divides by response_tokens, and nothing else "
                "does; set both, most often response_tokens to sampling.max_tokens, or neither"
            )
        return self

    @property
    def identity(self) -> dict[str, Any]:
        """What of it decides the result; an adapter that is not trained stands nowhere."""
        return identity(self, without=() if self.lora else ("lora",))
