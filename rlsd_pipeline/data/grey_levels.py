"""Greyscale of more than eight bits, brought to eight by the range of its mode.

Pillow's own conversion cuts everything above 255, so most of such a picture turns white.
"""

import numpy as np
from PIL import Image

from rlsd_pipeline.errors import DataError

_BITS, _PHOTOMETRIC, _SAMPLE_FORMAT = 258, 262, 339
_SIGNED, _WHITE_IS_ZERO = 2, 0
_SMALLER_RANGES = (65535, 255)
_ROUNDING = 1e-3
"""Of a level: a float or an integer of 32 bits may lie this much below the level it was made of."""


def is_deep(image: Image.Image) -> bool:
    """Whether the image is greyscale of more than eight bits: integers or floats."""
    return image.mode == "F" or image.mode.startswith("I")


def eight_bits(image: Image.Image) -> Image.Image:
    """The image in mode `L`, black to white as in its own range.

    That is 0 to 65535 with 16 bits, what the file declares in a TIFF, and 0 to 1 with floats. An
    image that would be black throughout holds the values of a smaller range, as floats above 1 do.

    Args:
        image: Mode `I`, `I;16` (any byte order) or `F`.

    Raises:
        DataError: The image holds values outside every known range.
    """
    values = np.asarray(image).astype(np.float64)
    tags = getattr(image, "tag_v2", {})
    bits = tags.get(_BITS, (16 if image.format == "PNG" or "16" in image.mode else 32,))[0]
    signed = tags.get(_SAMPLE_FORMAT, (1 if "16" in image.mode else _SIGNED,))[0] == _SIGNED
    if image.mode == "I" and bits == 32 and not signed:
        values %= 2.0**32  # Pillow keeps them in signed integers.
    low, high = values.min(), values.max()
    white = _float_white(high) if image.mode == "F" else _white(high, bits - signed)
    if not (low >= 0 and high <= white):
        raise DataError(
            f"a greyscale image with values from {low:g} to {high:g}: which of them are black and "
            "white is not known; save it with 8 or 16 bits"
        )
    levels = np.floor(values * 255 / white + _ROUNDING)
    if tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO:
        levels = 255 - levels
    if isinstance(transparent := image.info.get("transparency"), int):
        levels[values == transparent] = 255
    return Image.fromarray(levels.astype(np.uint8))


def _white(high: float, bits: int) -> float:
    """The white level of unsigned values with that many bits."""
    white = 2.0**bits - 1
    for smaller in _SMALLER_RANGES:
        if 0 < high <= smaller and high * 255 < white:
            white = smaller
    return white


def _float_white(high: float) -> float:
    return next((white for white in (1, 255, 65535) if high <= white), 1)
