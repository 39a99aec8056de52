"""80/20: GRPO on the tokens of highest entropy alone.

    Â_t = A where H_t >= τ, else 0;   τ the (1 - share) quantile of H over all tokens of the table

Source: arXiv 2506.01939 (docs/method.md, eq. 35), as in TRL (`top_entropy_quantile`) and ms-swift:
one threshold for the batch, so a response may keep more or fewer tokens than the share. The other
tokens still count in the mean over tokens, as in TRL. No teacher is read. H is not a difference of
two scores, so it has no noise floor: rounding exchanges only tokens of nearly equal entropy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import Field

from rlsd_pipeline.weighting.method import Credit, TokenStreams, Weighting

if TYPE_CHECKING:
    from torch import Tensor


class EntropySelected(Weighting):
    """The advantage on the tokens of highest entropy, and 0 elsewhere."""

    type: Literal["entropy_selected"] = "entropy_selected"

    share: Annotated[float, Field(gt=0, le=1)] = 0.2
    """Share of the tokens with an advantage."""

    reads = frozenset({"student_entropy"})

    def streams(self, credit: Credit) -> TokenStreams:
        """Â_t; tokens at the threshold are kept.

        Raises:
            ValueError: The table has no entropies.
        """
        entropy = credit.column("student_entropy")
        kept = entropy >= threshold(entropy, self.share)
        return TokenStreams(credit.token_advantages * kept)


def threshold(values: Tensor, share: float) -> float:
    """The least of the largest values that make up a share of them; 0 where there are none.

    As many lie at or above it as at or above the linear quantile.
    """
    count = len(values)
    if not count:
        return 0.0
    # Up to rounding: 0.2 of 11 tokens are 2.2, and 3 tokens lie at or above the quantile.
    kept = int(share * (count - 1) + 1e-9) + 1
    return float(np.partition(values.cpu().numpy(), count - kept)[count - kept])
