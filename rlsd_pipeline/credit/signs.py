"""Counts tokens whose credit has the opposite sign of their response's advantage."""

import numpy as np
import pyarrow as pa

from rlsd_pipeline.artifacts.validation import contiguous


def flipped_signs(token_advantages: pa.ChunkedArray, advantages: np.ndarray) -> int:
    """Tokens whose credit has another sign than their response's advantage.

    Args:
        token_advantages: One list of numbers a response, or null.
        advantages: Advantage of each response; `[responses]`.
    """
    lists = contiguous(token_advantages)
    lengths = lists.value_lengths().fill_null(0).to_numpy(zero_copy_only=False)
    expected = np.sign(advantages).repeat(lengths)
    return int((np.sign(lists.flatten().to_numpy()) != expected).sum())
