"""Reads the regions of images that a row names."""

import math
from collections.abc import Sequence
from typing import Any

from rlsd_pipeline.errors import DataError

SIDES = 4
"""Left, top, right, bottom."""


def read_boxes(value: Any, images: int, place: str) -> list[float] | None:
    """The boxes of a row, one an image, their sides one after the other.

    Args:
        value: One box `[left, top, right, bottom]`, a list of them, or nothing.
        images: Images of the row.
        place: The row, for the message.

    Raises:
        DataError: The values are no boxes, or not one for each image.
    """
    if value is None or (isinstance(value, Sequence) and not len(value)):
        return None
    several = isinstance(value, list) and isinstance(value[0], list)
    boxes = value if several else [value]
    if len(boxes) != images:
        raise DataError(
            f"{place}: boxes holds {len(boxes)} boxes for {images} images: give one each"
        )
    return [side for box in boxes for side in _sides(box, place)]


def _sides(box: Any, place: str) -> list[float]:
    try:
        left, top, right, bottom = (float(side) for side in box)
    except (TypeError, ValueError):
        left = top = right = bottom = math.nan
    if not (0 <= left < right < math.inf and 0 <= top < bottom < math.inf):
        raise DataError(
            f"{place}: boxes holds {str(box)[:60]}, and a box is [left, top, right, bottom] in "
            "pixels of the upright image, left before right and top above bottom"
        )
    return [left, top, right, bottom]
