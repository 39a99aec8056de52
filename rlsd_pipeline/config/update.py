"""Settings of the policy update from a table of token weights."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from rlsd_pipeline.components.component import identity
from rlsd_pipeline.config.strict import StrictConfig


class LoRAConfig(StrictConfig):
    """Low-rank adapters trained in place of the weights (arXiv 2106.09685).

    There is no dropout: with dropout, the trained policy would differ from the sampling one, and
    ρ_t would include that difference.
    """

    rank: Annotated[int, Field(ge=1)] = 16
    """Rank of an adapter."""

    alpha: Annotated[float, Field(gt=0)] = 32.0
    """The adapter's output is scaled by alpha / rank."""

    target_modules: Annotated[tuple[str, ...], Field(min_length=1, strict=False)] = (
        "q_proj",
        "k_proj",
        "v_proj",
        "o_proj",
        "gate_proj",
        "up_proj",
        "down_proj",
    )
    """Names of the linear modules with an adapter; by default those of the language model."""


class FutureKLConfig(StrictConfig):
    """FIPO: the policy's movement from a token on weighs its advantage (arXiv 2603.19835).

    f_t = clip(exp(Σ_{k>=t} γ^(k-t) (log π - log π_old)), 1 - below, 1 + above) has no gradient, and
    γ = 2^(-1/half_life); the defaults are those of ms-swift (docs/method.md, eq. 51). The factor is
    1 before the policy has moved.
    """

    half_life: Annotated[float, Field(gt=0)] = 32.0
    """Tokens after which a movement counts half."""

    below: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """How far below 1 the factor may fall; with 0 it never reduces an advantage."""

    above: Annotated[float, Field(ge=0)] = 0.2
    """How far above 1 the factor may rise."""


class UpdateConfig(StrictConfig):
    """The clipped policy update; the defaults are the paper's (docs/method.md, eq. 22)."""

    learning_rate: Annotated[float, Field(gt=0)] = 1e-6
    """Learning rate of AdamW."""

    betas: Annotated[tuple[float, float], Field(strict=False)] = (0.9, 0.999)
    """Decay rates of AdamW's moments."""

    weight_decay: Annotated[float, Field(ge=0)] = 0.01
    """Weight decay of AdamW."""

    max_grad_norm: Annotated[float, Field(gt=0)] = 1.0
    """Gradients are scaled down to this Euclidean norm."""

    clipping: Annotated[
        Literal["token", "sequence", "weight"], Field(exclude_if=lambda form: form == "token")
    ] = "token"
    """What is clipped. `token`: the surrogate at each token, as in PPO, GRPO and DAPO. `sequence`:
    the surrogate with the geometric mean of the response's ratios (GSPO). `weight`: the ratio as a
    weight of the likelihood, so that no token loses its gradient (CISPO). docs/method.md, eq. 49
    and 50."""

    future_kl: Annotated[FutureKLConfig | None, Field(exclude_if=lambda config: config is None)] = (
        None
    )
    """Weigh each advantage by the policy's movement from its token on (FIPO); null does not."""

    clip_low: Annotated[float, Field(gt=0, lt=1)] = 0.2
    """ε_low: the ratio is clipped below 1 − ε_low."""

    clip_high: Annotated[float, Field(gt=0)] = 0.28
    """ε_high: the ratio is clipped above 1 + ε_high."""

    dual_clip: Annotated[float, Field(gt=1)] | None = None
    """Upper bound of the ratio where the advantage is negative; the released code has 3.0."""

    distillation_ratio_clip: Annotated[float, Field(gt=0)] | None = None
    """Weigh the divergence by ρ_t up to this bound once the policy has moved; SDPO has 2.0."""

    engine_ratio_cap: Annotated[float, Field(ge=1)] | None = 2.0
    """If another engine sampled the rollouts, each token's loss is weighed by exp(student_logprobs
    - rollout_logprobs) up to this bound; null applies no weight.
    """

    denominator: Literal["sequence", "token", "learnt_token", "constant"] = "sequence"
    """The mean of the loss. `sequence`: over each response, then over responses. `token`: over all
    tokens, as in DAPO. `learnt_token`: over the tokens with a weight, as in SDPO, whose masked
    responses do not count. `constant`: the sum over a response's tokens divided by
    `response_tokens`, then the mean over responses, as in Dr. GRPO, where a token counts the same
    in short and long responses (docs/method.md, eq. 52)."""

    response_tokens: Annotated[
        int | None, Field(ge=1, exclude_if=lambda tokens: tokens is None)
    ] = None
    """The divisor of `constant`; in Dr. GRPO's code the token limit of a response."""

    epochs: Annotated[int, Field(ge=1)] = 1
    """Passes over one table of rollouts."""

    prompts_per_step: Annotated[int, Field(ge=1)] | None = None
    """Prompts of one optimizer step; null takes the whole table, as the released script does."""

    micro_batch_tokens: Annotated[int, Field(ge=1)] = 2**15
    """Tokens of prompts and responses, padding included, that run at once in scoring and in the
    update. It changes memory and speed, not the result."""

    lora: LoRAConfig | None = None
    """Train an adapter of the base model; null trains all weights. It needs the extra `lora`."""

    @model_validator(mode="after")
    def _constant_is_given(self) -> Self:
        if (self.denominator == "constant") != (self.response_tokens is not None):
            raise ValueError(
                f"denominator is {self.denominator!r} and response_tokens is "
                f"{self.response_tokens}: only `constant` divides by response_tokens; set both, "
                "usually response_tokens to sampling.max_tokens, or neither"
            )
        return self

    @property
    def identity(self) -> dict[str, Any]:
        """The settings that decide the result; without `lora` the key is left out."""
        return identity(self, without=() if self.lora else ("lora",))
