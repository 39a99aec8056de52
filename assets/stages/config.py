"""The options in the launchpad for materializing a stage."""

import dagster as dg
from pydantic import Field


class StageConfig(dg.Config):
    """Options of any stage."""

    recompute: bool = Field(
        default=False,
        description="Compute even if the store holds the artifact. Equal inputs give an equal "
        "digest, so later stages become stale only if something changed.",
    )


class RolloutsConfig(StageConfig):
    """Options of `rollouts`."""

    draw: int | None = Field(
        default=None,
        ge=0,
        description="A new number samples the iteration's responses afresh, and 0 brings the first "
        "ones back. Everything that descends from them, in later iterations too, is then shown as "
        "stale. Without a number the present draw stays.",
    )
