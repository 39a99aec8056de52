"""Settings of further contexts in which responses are scored for methods that need them."""

from typing import Annotated

from pydantic import Field

from rlsd_pipeline.config.strict import StrictConfig


class ContextsConfig(StrictConfig):
    """Siblings that a teacher is shown one at a time, and images altered for the student.

    Each costs a pass over the responses, and is computed only for a method that reads its column.
    """

    wrong_siblings: Annotated[int, Field(ge=1, le=64)] = 4
    """Wrong responses of the group over which the teacher's probability is averaged, at most; the
    one that is scored is none of them."""

    seed: Annotated[int, Field(ge=0)] = 0
    """Draws which siblings are shown, and which patches are black."""

    blur: Annotated[float, Field(gt=0)] = 6.0
    """Standard deviation of the Gaussian blur, in pixels."""

    patch_share: Annotated[float, Field(ge=0, le=1)] = 0.5
    """Share of an image's patches that are black."""

    patch_side: Annotated[int, Field(ge=1)] = 14
    """Side of a square patch, in pixels."""
