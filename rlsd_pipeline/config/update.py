"""How the policy is updated from a table of token weights."""

from typing import Annotated, Any, Literal

from pydantic import Field

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


class UpdateConfig(StrictConfig):
    """The clipped policy update; the defaults are the paper's (docs/method.md, eq. 22)."""

    learning_rate: Annotated[float, Field(gt=0)] = 1e-6
    betas: Annotated[tuple[float, float], Field(strict=False)] = (0.9, 0.999)
    weight_decay: Annotated[float, Field(ge=0)] = 0.01
    max_grad_norm: Annotated[float, Field(gt=0)] = 1.0
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

    denominator: Literal["sequence", "token", "learnt_token"] = "sequence"
    """Mean over each response, then responses (`sequence`), or over all tokens (`token`), or over
    the tokens that carry a weight (`learnt_token`): SDPO's, whose masked responses do not count."""

    epochs: Annotated[int, Field(ge=1)] = 1
    """Passes over one table of rollouts."""

    prompts_per_step: Annotated[int, Field(ge=1)] | None = None
    """Prompts of one optimizer step; None takes the whole table, as the released script does."""

    micro_batch_tokens: Annotated[int, Field(ge=1)] = 2**15
    """Tokens of prompts and responses, padding included, that are run at once in scoring and in the
    update; it changes memory and speed, not the result."""

    lora: LoRAConfig | None = None
    """Train an adapter of the base model; None trains all weights. Needs the extra `lora`."""

    @property
    def identity(self) -> dict[str, Any]:
        """What of it decides the result; an adapter that is not trained stands nowhere."""
        return identity(self, without=() if self.lora else ("lora",))
