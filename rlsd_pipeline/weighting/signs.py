"""Does the credit of a token ever pull against its response's reward?"""

import numpy as np
import pyarrow as pa


def flipped_signs(token_advantages: pa.ChunkedArray, advantages: pa.ChunkedArray) -> int:
    """Tokens whose credit has another sign than their response's advantage.

    Args:
        token_advantages: One list of numbers a response.
        advantages: One number a response.
    """
    lists = token_advantages.combine_chunks()
    lengths = np.diff(lists.offsets.to_numpy())
    expected = np.sign(advantages.to_numpy()).repeat(lengths)
    return int((np.sign(lists.flatten().to_numpy()) != expected).sum())
