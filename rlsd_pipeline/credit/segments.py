"""The segment of each token of a response: reasoning, answer or format."""

import re
from collections.abc import Sequence
from enum import IntEnum

import numpy as np

from rlsd_pipeline.verifiers.extractions.extraction import Extraction

_FORMAT = re.compile(r"</?(?:think|answer)>|\\boxed\s*\{|<\|[^|>]*\|>")


class Segment(IntEnum):
    """The part of a response that a token belongs to."""

    REASONING = 0
    ANSWER = 1
    FORMAT = 2


def token_segments(
    completion: str, token_ends: Sequence[int], extraction: Extraction
) -> np.ndarray:
    """The segment of every token.

    The answer is the place that `extraction` reads it from; tags, boxes and tokens without text,
    such as the one that ends a response, are format; everything else is reasoning. A token that
    reaches into two parts belongs to the one that holds its first character.

    Args:
        completion: The response.
        token_ends: Where each token's text ends in it, in characters; `[tokens]`.
        extraction: Where the answer stands.

    Returns:
        Values of `Segment`, uint8, `[tokens]`.
    """
    parts = np.zeros(len(completion) + 1, dtype=np.uint8)
    span = extraction.locate(completion)
    if span is not None:
        parts[slice(*span)] = Segment.ANSWER
    for tag in _FORMAT.finditer(completion):
        parts[tag.start() : tag.end()] = Segment.FORMAT
    ends = np.asarray(token_ends, dtype=np.int64)
    starts = np.concatenate([[0], ends[:-1]]) if len(ends) else ends
    return np.where(starts == ends, np.uint8(Segment.FORMAT), parts[starts])
