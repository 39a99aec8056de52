"""Reverse KL: Σ_v P_S(v) (log P_S(v) - log P_T(v)) (docs/method.md, eq. 13)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from rlsd_pipeline.divergences.divergence import StoredDivergence

if TYPE_CHECKING:
    from torch import Tensor


class ReverseKL(StoredDivergence):
    """KL(student ‖ teacher): the student learns to stay within the teacher's distribution."""

    type: Literal["reverse_kl"] = "reverse_kl"

    def entries(self, teacher: Tensor, student: Tensor) -> Tensor:
        """P_S(v) (log P_S(v) - log P_T(v))."""
        return student.exp() * (student - teacher)
