"""The weights of a policy, and where they come from."""

from typing import Annotated, Any, ClassVar

from pydantic import Field, FiniteFloat

from schemas.record import NonEmpty, Record


class PolicyCheckpoint(Record):
    """The policy π_θ after some number of updates; one document beside its files."""

    updates: Annotated[int, Field(ge=0)]
    """Iterations of training since the base model, those that had nothing to learn from included;
    0 is the base model itself."""

    parent: NonEmpty | None
    """Digest of the policy it was trained from; null for a base model."""

    architecture: NonEmpty
    """Class of the model, as its configuration names it."""

    parameters: Annotated[int, Field(ge=0)]
    """Number of parameters, each counted once where they are shared."""

    metrics: dict[str, FiniteFloat]
    """Measurements of the update that made it, by name; empty for a base model. `skipped_updates`
    counts the iterations so far that changed nothing, where there were any."""

    model_files: list[str]
    """The artifact's files that hold weights, configuration and processor."""

    optimizer_files: list[str]
    """The artifact's files that hold the optimizer's state; empty where there is none."""

    adapter_files: list[str] = Field(default_factory=list)
    """The artifact's files that hold the low-rank adapter that was trained; its weights are merged
    into the model's. Empty where the weights themselves were."""

    example: ClassVar[dict[str, Any]] = {
        "updates": 3,
        "parent": "5f2c8a0e9b1d4f67",
        "architecture": "Qwen3VLForConditionalGeneration",
        "parameters": 1_048_576,
        "metrics": {"loss": 0.125, "grad_norm": 0.5},
        "model_files": ["config.json", "model.safetensors"],
        "optimizer_files": ["optimizer.safetensors"],
    }
