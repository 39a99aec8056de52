"""Images with less to see, in their own size: blank, blurred or patched.

    blank      grey all over
    blurred    by a Gaussian
    patched    a share of square patches black, drawn at random

The patches follow VPPO (arXiv 2510.09285; huaixuheqing/VPPO-RL at 37eedc0), where each is black
with a probability of ½; here exactly the share is, and a seed says which.
"""

import random
from collections.abc import Callable

from PIL import Image, ImageFilter

from rlsd_pipeline.data.images import as_png, decode_image

_GREY = (128, 128, 128)


def blank(image: Image.Image) -> Image.Image:
    """Grey, of the same size."""
    return Image.new("RGB", image.size, _GREY)


def blurred(image: Image.Image, deviation: float) -> Image.Image:
    """Blurred with a standard deviation in pixels."""
    return image.filter(ImageFilter.GaussianBlur(deviation))


def patched(image: Image.Image, share: float, side: int, draw: random.Random) -> Image.Image:
    """The image with a share of its patches black; patches at the edges may be smaller."""
    corners = [(x, y) for y in range(0, image.height, side) for x in range(0, image.width, side)]
    found = image.copy()
    for x, y in draw.sample(corners, round(share * len(corners))):
        found.paste((0, 0, 0), (x, y, min(x + side, image.width), min(y + side, image.height)))
    return found


def altered(data: bytes, how: Callable[[Image.Image], Image.Image]) -> bytes:
    """An encoded image, altered, as a PNG; it must have been checked where it was read.

    Args:
        data: The encoded image.
        how: Gives the altered image of an upright one in RGB.
    """
    return as_png(how(decode_image(data)))
