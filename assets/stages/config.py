"""The options in the launchpad for materializing a stage."""

import dagster as dg
from pydantic import Field


class StageConfig(dg.Config):
    """Options of any stage."""

    recompute: bool = Field(
        default=False,
        description="Compute even if the store holds the artifact; equal inputs give an equal "
        "digest, so nothing downstream becomes stale unless something changed.",
    )


class RolloutsConfig(StageConfig):
    """Options of `rollouts`."""

    draw: int | None = Field(
        default=None,
        ge=0,
        description="Another number samples the iteration's responses afresh, and 0 brings the "
        "first back; what descends from it, later iterations included, is then shown as stale. "
        "Without a number the draw that is here stays.",
    )
