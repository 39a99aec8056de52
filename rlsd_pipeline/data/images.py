"""Images as encoded bytes, checked once where they enter the pipeline."""

import io
import math
from pathlib import Path

from PIL import Image, ImageOps

from rlsd_pipeline.data.grey_levels import eight_bits, is_deep
from rlsd_pipeline.errors import DataError

_FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF")
_LONGEST_RATIO = 200
"""Largest ratio of the sides: processors of Qwen's and GLM's families refuse longer images."""


def load_image(data: bytes | Path, *, place: str, max_pixels: int = 64_000_000) -> bytes:
    """The encoded image, proved to decode.

    The bytes come back as they are, but for GIF and TIFF: their first frame, as PNG.

    Args:
        data: The encoded image, or its file.
        place: What the image belongs to, for the message: `data.jsonl line 7, images[0] 'a.png'`.
        max_pixels: Larger images are refused by their header, before anything is decoded.

    Raises:
        DataError: It cannot be read or decoded, is cut short, too large or of another format.
    """
    if isinstance(data, Path):
        data = _read(data, place)
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
            pixels = image.width * image.height
            if pixels > max_pixels:
                raise DataError(
                    f"{image.width} x {image.height} pixels are more than the {max_pixels} "
                    "allowed; scale the image down"
                )
            image.verify()
        # `verify` reads checksums and leaves the image unusable; only decoding finds all damage.
        decoded = decode_image(data)
        with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
            if image.format == "GIF":
                return as_png(image)
            return as_png(decoded) if image.format == "TIFF" else data
    except DataError as error:
        raise DataError(f"{place}: {error}") from error
    except Image.DecompressionBombError as error:
        raise DataError(f"{place}: {error}; scale the image down") from error
    except Image.UnidentifiedImageError as error:
        formats = ", ".join(_FORMATS)
        raise DataError(f"{place}: not an image in one of the formats {formats}") from error
    except Exception as error:  # Pillow's decoders raise whatever the damage makes them raise.
        raise DataError(f"{place}: damaged or incomplete image ({error})") from error


def decode_image(data: bytes) -> Image.Image:
    """The image in RGB and upright, as a reader sees it on white paper.

    Transparent parts are white, greyscale of more than eight bits is scaled by its range, and a
    strip that models refuse has white added along its long sides.

    Raises:
        DataError: The image is greyscale of an unknown range.
    """
    with Image.open(io.BytesIO(data), formats=_FORMATS) as encoded:
        encoded.load()
        # Before it is turned: the turned copy lacks the file's information about its values.
        scaled = _upright(encoded, eight_bits(encoded)) if is_deep(encoded) else encoded
        image = ImageOps.exif_transpose(scaled)
        if image.has_transparency_data:
            layer = image.convert("RGBA")
            image = Image.new("RGBA", layer.size, "white")
            image.alpha_composite(layer)
        return _widened(image.convert("RGB"))


def fit_pixels(data: bytes, max_pixels: int) -> bytes:
    """The image itself, or scaled down to at most `max_pixels` pixels as an upright RGB PNG.

    The ratio of its sides is kept, but for less than a pixel on either.
    """
    with Image.open(io.BytesIO(data), formats=_FORMATS) as encoded:
        pixels = encoded.width * encoded.height
    if pixels <= max_pixels:
        return data
    image = decode_image(data)
    scale = math.sqrt(max_pixels / (image.width * image.height))
    # A side of a very long image is at least one pixel, and then bounds the other.
    width = min(max(1, int(image.width * scale)), max_pixels)
    height = min(max(1, int(image.height * scale)), max_pixels // width)
    return as_png(image.resize((width, height), Image.Resampling.LANCZOS))


def thumbnail(data: bytes, side: int) -> bytes:
    """The image as a PNG of at most `side` pixels on either side."""
    image = decode_image(data)
    image.thumbnail((side, side))
    return as_png(image)


def as_png(image: Image.Image) -> bytes:
    """The image encoded as a PNG, in RGB or, where it has transparent parts, in RGBA."""
    buffer = io.BytesIO()
    image.convert("RGBA" if image.has_transparency_data else "RGB").save(buffer, "PNG")
    return buffer.getvalue()


def _read(path: Path, place: str) -> bytes:
    try:
        # A pipe or a device would be read without end.
        if not path.is_file():
            raise DataError(f"{place}: there is no such file ({path})")
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"{place}: cannot be read ({error.strerror})") from error


def _upright(encoded: Image.Image, scaled: Image.Image) -> Image.Image:
    """The scaled image with the orientation that its file declares."""
    scaled.info["exif"] = encoded.getexif().tobytes()
    return scaled


def _widened(image: Image.Image) -> Image.Image:
    """The image itself, or centred in the narrowest image that models read."""
    shortest = -(-max(image.size) // _LONGEST_RATIO)
    if min(image.size) >= shortest:
        return image
    size = (max(image.width, shortest), max(image.height, shortest))
    wider = Image.new("RGB", size, "white")
    wider.paste(image, ((size[0] - image.width) // 2, (size[1] - image.height) // 2))
    return wider
