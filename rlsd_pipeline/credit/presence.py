"""How well the presence of a token predicts a response's success, from counts of responses.

The parts of KTAE (arXiv 2505.16826; docs/method.md, eq. 21) that depend on counts alone.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SURE = 1 - 1e-9
"""A p-value from here on is 1 but for rounding."""


@lru_cache(maxsize=4096)
def presence_tables(right: int, wrong: int) -> tuple[NDArray, NDArray]:
    """KTAE's two parts, by how many right and how many wrong responses hold a token.

    Returns:
        (F + I)/2 and the difference of the angles, `[(right + 1) · (wrong + 1)]` each; F and I are
        0 where a side is empty.
    """
    import numpy as np

    holding = np.indices((right + 1, wrong + 1)).reshape(2, -1).T
    responses = np.array([right, wrong])
    share = holding / np.maximum(responses, 1)
    angles = np.arcsin(np.sqrt(share)) @ (1, -1)
    if not right or not wrong:
        return np.zeros(len(holding)), angles
    lacking = responses - holding
    given = sum(side.sum(1) / (right + wrong) * _entropy(side) for side in (holding, lacking))
    information = np.maximum(_entropy(responses[None]) - given, 0.0)
    p = _fisher(right, wrong)[holding.sum(1), holding[:, 0]]
    return (np.where(p < _SURE, np.exp(-2 * p), 0.0) + information) / 2, angles


def _fisher(right: int, wrong: int) -> NDArray:
    """The p-value by how many responses hold the token and how many are right; `[held, right]`."""
    import numpy as np
    from scipy.stats import hypergeom

    total = right + wrong
    chances = hypergeom.pmf(np.arange(right + 1), total, right, np.arange(total + 1)[:, None])
    ordered = np.sort(chances)
    sums = ordered.cumsum(1)
    # As likely as the observation, up to rounding.
    seen = zip(ordered, chances * (1 + 1e-7), strict=True)
    counts = np.stack([np.searchsorted(one, most, side="right") for one, most in seen])
    return np.take_along_axis(sums, counts - 1, axis=1)


def _entropy(sizes: NDArray) -> NDArray:
    """Entropy of right and wrong among the given numbers, in bits; 0 if both are 0."""
    import numpy as np
    from scipy.special import entr

    shares = sizes / np.maximum(sizes.sum(1, keepdims=True), 1)
    return entr(shares).sum(1) / np.log(2.0)
