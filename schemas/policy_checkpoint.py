"""The weights of a policy, and where they come from."""

from typing import Annotated, Any, ClassVar

from pydantic import Field, FiniteFloat

from schemas.record import NonEmpty, Record


class PolicyCheckpoint(Record):
    """The policy π_θ after some number of updates; one document beside its files."""

    updates: Annotated[int, Field(ge=0)]
    """Iterations since the base model, including those without a signal; 0 is the base model."""

    parent: NonEmpty | None
    """Digest of the previous policy; null for a base model."""

    architecture: NonEmpty
    """Class of the model, as its configuration names it."""

    parameters: Annotated[int, Field(ge=0)]
    """Number of parameters; shared ones count once."""

    metrics: dict[str, FiniteFloat]
    """Name -> measurement of the update; empty for a base model. `skipped_updates` counts the
    iterations so far that changed nothing, if any did."""

    model_files: list[str]
    """Files with weights, configuration and processor."""

    optimizer_files: list[str]
    """Files with the optimizer's state; empty if there is none."""

    adapter_files: list[str] = Field(default_factory=list)
    """Files with the trained low-rank adapter, which is also merged into the model's weights; empty
    if the weights themselves were trained."""

    example: ClassVar[dict[str, Any]] = {
        "updates": 3,
        "parent": "5f2c8a0e9b1d4f67",
        "architecture": "Qwen3VLForConditionalGeneration",
        "parameters": 1_048_576,
        "metrics": {"loss": 0.125, "grad_norm": 0.5},
        "model_files": ["config.json", "model.safetensors"],
        "optimizer_files": ["optimizer.safetensors"],
    }
