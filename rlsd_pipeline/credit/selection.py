"""The tokens that a method selects because two log-probabilities of them differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from torch import Tensor


class Selection(NamedTuple):
    """The tokens whose difference is larger than a bound.

    Attributes:
        chosen: True where selected; `[tokens]`.
        sizes: Size of each token's difference, in the method's own measure; `[tokens]`, nan where
            there is none.
        bounds: What a size must exceed: one number, or that of each token's response; `[tokens]`.
    """

    chosen: Tensor
    sizes: Tensor
    bounds: Tensor | float
