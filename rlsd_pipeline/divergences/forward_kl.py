"""Forward KL: Σ_v P_T(v) (log P_T(v) - log P_S(v)) (docs/method.md, eq. 12)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from rlsd_pipeline.divergences.divergence import StoredDivergence

if TYPE_CHECKING:
    from torch import Tensor


class ForwardKL(StoredDivergence):
    """KL(teacher ‖ student): the student learns to cover the teacher's distribution."""

    type: Literal["forward_kl"] = "forward_kl"

    def entries(self, teacher: Tensor, student: Tensor) -> Tensor:
        """P_T(v) (log P_T(v) - log P_S(v))."""
        return teacher.exp() * (teacher - student)
