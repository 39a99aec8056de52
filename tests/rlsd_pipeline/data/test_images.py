import io
import os
import random
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image

from rlsd_pipeline.data.images import decode_image, load_image
from rlsd_pipeline.data.inside import resolve_inside
from rlsd_pipeline.errors import DataError
from rlsd_pipeline.models.policy import Policy


def encoded(
    format: str, *, size: tuple[int, int] = (40, 30), colour: object = "red", mode: str = "RGB"
) -> bytes:
    buffer = io.BytesIO()
    Image.new(mode, size, colour).save(buffer, format)  # type: ignore[arg-type]
    return buffer.getvalue()


def noise(format: str) -> bytes:
    buffer = io.BytesIO()
    Image.frombytes("RGB", (64, 64), random.Random(0).randbytes(64 * 64 * 3)).save(buffer, format)
    return buffer.getvalue()


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP", "BMP"])
def test_good_image_comes_back_as_it_is(format: str, tmp_path: Path) -> None:
    data = encoded(format)
    file = tmp_path / "image"
    file.write_bytes(data)
    assert load_image(data, place="here") == data
    assert load_image(file, place="here") == data


def test_first_frame_of_a_gif_becomes_png() -> None:
    buffer = io.BytesIO()
    frames = [Image.new("RGB", (4, 4), colour) for colour in ("red", "blue")]
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:])
    image = Image.open(io.BytesIO(load_image(buffer.getvalue(), place="here")))
    assert (image.format, image.size) == ("PNG", (4, 4))
    assert image.convert("RGB").getpixel((0, 0)) == (255, 0, 0)


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF"])
def test_truncated_image_is_refused(format: str) -> None:
    data = noise(format)
    with pytest.raises(DataError, match=r"^row 7, images\[0\] 'a': damaged or incomplete image"):
        load_image(data[: len(data) // 2], place="row 7, images[0] 'a'")


def test_damaged_png_is_refused() -> None:
    data = bytearray(noise("PNG"))
    data[len(data) // 2] ^= 0xFF
    with pytest.raises(DataError, match="here: damaged or incomplete image"):
        load_image(bytes(data), place="here")


@pytest.mark.parametrize("data", [b"", b"no image", encoded("PPM"), b"%PDF-1.7"])
def test_other_formats_are_refused(data: bytes) -> None:
    with pytest.raises(DataError) as error:
        load_image(data, place="here")
    assert str(error.value) == (
        "here: not an image in one of the formats PNG, JPEG, WEBP, BMP, GIF, TIFF"
    )


def png_that_claims(width: int, height: int) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(b"\0" * 1000)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
    )


def test_bomb_is_refused_by_its_header() -> None:
    with pytest.raises(DataError) as error:
        load_image(png_that_claims(8001, 8000), place="here")
    assert str(error.value) == (
        "here: 8001 x 8000 pixels are more than the 64000000 allowed; scale the image down"
    )
    with pytest.raises(DataError, match="decompression bomb"):
        load_image(png_that_claims(100_000, 100_000), place="here")
    with pytest.raises(DataError, match="40 x 30 pixels are more than the 1199 allowed"):
        load_image(encoded("PNG"), place="here", max_pixels=1199)


def test_file_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="here: there is no such file"):
        load_image(tmp_path / "a.png", place="here")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(DataError, match="here: there is no such file"):
        load_image(tmp_path / "pipe", place="here")


def test_decoded_in_rgb_on_white_and_upright() -> None:
    assert decode_image(encoded("PNG", mode="L", colour=7)).getpixel((0, 0)) == (7, 7, 7)
    clear = encoded("PNG", mode="RGBA", colour=(0, 0, 0, 0))
    assert decode_image(clear).getpixel((0, 0)) == (255, 255, 255)
    image = Image.new("RGB", (40, 30))
    image.getexif()[0x0112] = 6
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", exif=image.getexif())
    assert decode_image(buffer.getvalue()).size == (30, 40)


def test_resolve_inside(tmp_path: Path) -> None:
    folder, outside = tmp_path / "data", tmp_path / "secret.png"
    (folder / "images").mkdir(parents=True)
    outside.touch()
    (folder / "link.png").symlink_to(outside)
    (folder / "alias.png").symlink_to(folder / "images" / "a.png")
    assert resolve_inside(folder, "images/a.png") == (folder / "images" / "a.png").resolve()
    assert resolve_inside(folder, "alias.png") == (folder / "images" / "a.png").resolve()
    for name in (str(outside), "../secret.png", "images/../../secret.png", "a\0.png"):
        with pytest.raises(DataError, match="must be a path relative to"):
            resolve_inside(folder, name)
    with pytest.raises(DataError, match="leads out of"):
        resolve_inside(folder, "link.png")


@pytest.mark.parametrize(
    ("size", "padded"),
    [
        ((2400, 8), (2400, 12)),
        ((8, 2401), (13, 2401)),
        ((2400, 12), (2400, 12)),
        ((200, 1), (200, 1)),
        ((201, 1), (201, 2)),
    ],
)
def test_a_strip_is_made_as_wide_as_models_read(
    size: tuple[int, int], padded: tuple[int, int]
) -> None:
    data = encoded("PNG", size=size)
    assert load_image(data, place="here") == data
    image = decode_image(data)
    assert image.size == padded
    assert max(image.size) <= 200 * min(image.size)
    colours = {colour for _, colour in image.getcolors() or ()}
    assert colours == ({(255, 0, 0)} if size == padded else {(255, 0, 0), (255, 255, 255)})


def test_qwens_processor_reads_the_strip(vision_policy: Policy) -> None:
    assert vision_policy.encode("a?", [encoded("PNG", size=(2400, 8))]).image_tokens > 0


def test_a_tiff_becomes_png() -> None:
    data = load_image(encoded("TIFF"), place="here")
    assert data.startswith(b"\x89PNG")
    assert decode_image(data).getpixel((0, 0)) == (255, 0, 0)
