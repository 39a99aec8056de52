"""Regions cut out of images."""

from collections.abc import Sequence

from rlsd_pipeline.data.images import as_png, decode_image
from rlsd_pipeline.errors import DataError


def cropped(data: bytes, box: Sequence[float], margin: float, problem_id: str) -> bytes:
    """A region of an encoded image, as a PNG; what reaches beyond the image is cut off.

    Args:
        data: The encoded image, checked where it was read.
        box: Left, top, right and bottom in pixels of the upright image.
        margin: Added on each side, as a share of the box's own width and height.
        problem_id: The problem of the image, for the message.

    Raises:
        DataError: The box contains no part of the image.
    """
    image = decode_image(data)
    left, top, right, bottom = box
    wider, higher = margin * (right - left), margin * (bottom - top)
    region = (
        max(0, round(left - wider)),
        max(0, round(top - higher)),
        min(image.width, round(right + wider)),
        min(image.height, round(bottom + higher)),
    )
    if region[0] >= region[2] or region[1] >= region[3]:
        raise DataError(
            f"problem {problem_id}: the box {list(box)} holds no pixel of its image of "
            f"{image.width} x {image.height}: boxes are [left, top, right, bottom] in pixels"
        )
    return as_png(image.crop(region))
