"""Greyscale of more bits reads as the same picture does with eight."""

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from rlsd_pipeline.data.images import decode_image, load_image
from rlsd_pipeline.errors import DataError
from rlsd_pipeline.models.policy import Policy

SHADES = np.linspace(0, 1, 64)
LEVELS = (SHADES * 255).astype(np.uint8)


def encoded(values: np.ndarray, format: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.tile(values, (64, 1))).save(buffer, format, **options)
    return buffer.getvalue()


def shown(data: bytes) -> list[int]:
    """The first row of an image as the pipeline reads it."""
    pixels = np.asarray(decode_image(load_image(data, place="here")))
    assert (pixels == pixels[0]).all()
    assert (pixels[..., :1] == pixels).all()
    return pixels[0, :, 0].tolist()


def tagged(data: bytes, bits: int, sample_format: int) -> bytes:
    """A little-endian TIFF whose header declares other values."""
    changed = bytearray(data)
    start = int.from_bytes(data[4:8], "little")
    for entry in range(int.from_bytes(data[start : start + 2], "little")):
        place = start + 2 + 12 * entry
        tag = int.from_bytes(data[place : place + 2], "little")
        if tag in (258, 339):
            value = bits if tag == 258 else sample_format
            changed[place + 8 : place + 10] = value.to_bytes(2, "little")
    return bytes(changed)


UINT16 = (SHADES * 65535).astype(np.uint16)
INT32 = (SHADES * (2**31 - 1)).astype(np.int32)
UINT32 = (SHADES * (2**32 - 1)).astype(np.uint32).view(np.int32)


@pytest.mark.parametrize(
    "data",
    [
        encoded(UINT16, "PNG"),
        encoded(UINT16, "TIFF"),
        encoded(UINT16.astype(">u2"), "TIFF"),
        encoded(UINT16, "TIFF", compression="tiff_lzw"),
        encoded(INT32, "TIFF"),
        tagged(encoded(UINT32, "TIFF"), 32, 1),
        encoded(SHADES.astype(np.float32), "TIFF"),
        # Values of a smaller range in a type that could hold more.
        encoded(LEVELS.astype(np.uint16), "PNG"),
        encoded(LEVELS.astype(np.int32), "TIFF"),
        encoded(UINT16.astype(np.int32), "TIFF"),
        encoded(LEVELS.astype(np.float32), "TIFF"),
        encoded(UINT16.astype(np.float32), "TIFF"),
        encoded(LEVELS.astype(np.uint16) * 257, "PNG"),
        encoded(LEVELS.astype(np.float32) / 255, "TIFF"),
    ],
)
def test_each_mode_reads_as_the_picture_of_eight_bits(data: bytes) -> None:
    assert shown(data) == LEVELS.tolist() == shown(encoded(LEVELS, "PNG"))


def test_the_model_sees_the_same_pixels(vision_policy: Policy) -> None:
    eight, sixteen = (
        vision_policy.encode("a?", [encoded(values, "PNG")]).inputs["pixel_values"]
        for values in (LEVELS, UINT16)
    )
    assert eight.tolist() == sixteen.tolist()


def test_a_dim_picture_stays_dim() -> None:
    """Only one that would show nothing at all is taken for a smaller range."""
    assert max(shown(encoded(UINT16 // 10, "PNG"))) == 25


def test_black_is_black() -> None:
    assert set(shown(encoded(np.zeros(64, np.uint16), "PNG"))) == {0}


def test_white_may_be_zero() -> None:
    data = encoded(UINT16, "TIFF", tiffinfo={262: 0})
    assert Image.open(io.BytesIO(data)).tag_v2[262] == 0  # type: ignore[attr-defined]
    assert shown(data) == (255 - LEVELS).tolist()


def test_a_transparent_level_is_white() -> None:
    data = encoded(UINT16, "PNG", transparency=0)
    assert shown(data) == [255, *LEVELS.tolist()[1:]]


def test_a_deep_picture_is_turned_as_it_says() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    buffer = io.BytesIO()
    Image.fromarray(np.zeros((4, 8), np.uint16)).save(buffer, "PNG", exif=exif)
    assert decode_image(buffer.getvalue()).size == (4, 8)


@pytest.mark.parametrize(
    ("values", "found"),
    [
        (SHADES.astype(np.float32) * 2 - 1, "from -1 to 1"),
        (SHADES.astype(np.float32) * 1e6, "from 0 to 1e+06"),
        (np.full(64, np.nan, np.float32), "from nan to nan"),
        (INT32 - 2**20, "from -1.04858e+06 to "),
    ],
)
def test_values_of_no_known_range_are_refused_at_the_row(values: np.ndarray, found: str) -> None:
    with pytest.raises(DataError) as error:
        load_image(encoded(values, "TIFF"), place="data.jsonl line 3, images[0]")
    assert str(error.value).startswith(
        f"data.jsonl line 3, images[0]: a greyscale image with values {found}"
    )
