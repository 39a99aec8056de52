"""Pictures as the bytes of PNG files."""

import io

from PIL import Image


def png(image: Image.Image) -> bytes:
    """A picture's file."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def square(colour: str | tuple[int, int, int]) -> bytes:
    """The file of a small square of one colour."""
    return png(Image.new("RGB", (8, 8), colour))
