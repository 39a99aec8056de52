"""Settings of further contexts in which responses are scored for methods that need them."""

from typing import Annotated

from pydantic import Field

from rlsd_pipeline.config.strict import StrictConfig


class ContextsConfig(StrictConfig):
    """Siblings that a teacher sees one at a time, and images altered for the student.

    Each costs one pass over the responses, and is computed only for methods that read its column.
    """

    wrong_siblings: Annotated[int, Field(ge=1, le=64)] = 4
    """Largest number of wrong responses of the group over which the teacher's probability is
    averaged; the scored response is never one of them."""

    seed: Annotated[int, Field(ge=0)] = 0
    """Seed of the shown siblings and of the black patches."""

    blur: Annotated[float, Field(gt=0)] = 6.0
    """Standard deviation of the Gaussian blur, in pixels."""

    patch_share: Annotated[float, Field(ge=0, le=1)] = 0.5
    """Share of an image's patches that are black."""

    patch_side: Annotated[int, Field(ge=1)] = 14
    """Side of a square patch, in pixels."""
