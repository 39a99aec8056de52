"""JSD(β): β KL(P_T ‖ M) + (1 - β) KL(P_S ‖ M) with M = β P_T + (1 - β) P_S.

Source: docs/method.md, eq. 14.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from rlsd_pipeline.divergences.divergence import StoredDivergence

if TYPE_CHECKING:
    from torch import Tensor


class JSD(StoredDivergence):
    """β KL(T ‖ M) + (1 − β) KL(S ‖ M) with M = β T + (1 − β) S (Jensen and Shannon at ½)."""

    type: Literal["jsd"] = "jsd"

    beta: Annotated[float, Field(gt=0, lt=1)] = 0.5
    """Share of the teacher in the mixture."""

    def entries(self, teacher: Tensor, student: Tensor) -> Tensor:
        """β P_T(v) (log P_T(v) - log M(v)) + (1 - β) P_S(v) (log P_S(v) - log M(v))."""
        mixture = (teacher + math.log(self.beta)).logaddexp(student + math.log1p(-self.beta))
        to_teacher = teacher.exp() * (teacher - mixture)
        return self.beta * to_teacher + (1 - self.beta) * student.exp() * (student - mixture)
