"""Reads an image from a row: bytes, base64, a data URL, a file, or a dictionary of these."""

import base64
import binascii
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from rlsd_pipeline.data.images import load_image
from rlsd_pipeline.data.inside import resolve_inside
from rlsd_pipeline.errors import DataError

_DATA_URL = re.compile(r"data:(?P<kind>[^,]{0,200}),", re.IGNORECASE)
_URL = re.compile(r"[a-z][a-z0-9+.-]{1,20}://", re.IGNORECASE)
_ENCODED = re.compile(r"[A-Za-z0-9+/_\s-]+={0,2}\s*")
_STARTS = ("iVBORw0KGgo", "/9j/", "_9j_", "R0lGOD", "UklGR", "Qk", "SUkqA", "TU0AK")
"""How PNG, JPEG, GIF, WebP, BMP and TIFF begin in base64."""

_SHORTEST_ENCODED = 64
_LONGEST_NAME = 255
_LONGEST_PATH = 4096
_KEYS = ("bytes", "path", "url", "image_url", "image")


def image_values(value: Any) -> list[Any]:
    """The values of a field that holds one image, several or none."""
    values = value if isinstance(value, list) else [value]
    return [each for each in values if each is not None and each != ""]


def read_image(value: Any, root: Path | None, place: str, index: int) -> bytes:
    """The encoded image of a row, proved to decode.

    Args:
        value: What the row holds.
        root: Folder of the data set; None where it has none.
        place: The row, for the message.
        index: Index of the image in its row.

    Raises:
        DataError: The image cannot be read, or lies outside the folder.
    """
    short = isinstance(value, str) and len(value) <= _LONGEST_NAME
    named = short and not _DATA_URL.match(value.strip())
    where = f"{place}, images[{index}]" + (f" {value!r}" if named else "")
    return load_image(image_source(value, root, where), place=where)


def image_source(value: Any, root: Path | None, place: str) -> bytes | Path:
    """The encoded image of a row, or its file, which must lie in the data set's own folder.

    Args:
        value: What the row holds.
        root: Folder of the data set; None where it has none.
        place: Where it stands, for the message.

    Raises:
        DataError: The value is no image, is not available here, or lies outside the folder.
    """
    while isinstance(value, Mapping):
        given = [value[key] for key in _KEYS if value.get(key)]
        if not given:
            raise DataError(
                f"{place}: a dictionary with {', '.join(map(str, value)) or 'no keys'}, and none "
                f"of {', '.join(_KEYS)} holds an image"
            )
        value = given[0]
    if isinstance(value, bytes):
        return value
    if not isinstance(value, str):
        raise DataError(f"{place}: an image is {type(value).__name__}, not bytes or a path")
    text = value.strip()
    if url := _DATA_URL.match(text):
        if not "".join(url["kind"].split()).lower().endswith(";base64"):
            raise DataError(f"{place}: a data URL of {url['kind'] or 'text'}, not of base64")
        return _decoded(unquote(text[url.end() :]), place)
    if _URL.match(value):
        raise DataError(
            f"{place}: {_short(value)} is not read from the network: save the image in "
            f"{root or 'a folder'} and give its path"
        )
    if text.startswith(_STARTS) and len(text) >= _SHORTEST_ENCODED and _ENCODED.fullmatch(text):
        return _decoded(text, place)
    if root is None:
        raise DataError(
            f"{place}: {_short(value)} is text and no image in base64: give bytes or a `Path`, or "
            "let the source say in `image_folder` where its images lie"
        )
    return _file(value, root, place)


def _decoded(text: str, place: str) -> bytes:
    plain = "".join(text.split()).translate(str.maketrans("-_", "+/")).rstrip("=")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except binascii.Error as error:
        raise DataError(f"{place}: an image in base64 that cannot be decoded ({error})") from error


def _file(name: str, root: Path, place: str) -> Path:
    path = Path(name)
    if len(name) > _LONGEST_PATH or max(map(len, path.parts), default=0) > _LONGEST_NAME:
        raise DataError(
            f"{place}: {_short(name)} ({len(name):,} characters) is too long for a path and no "
            "image in base64"
        )
    for folder in (root, root.absolute(), root.resolve()):
        if path.is_absolute() and path.is_relative_to(folder):
            path = path.relative_to(folder)
    try:
        return resolve_inside(root, str(path))
    except DataError as error:
        way_out = "; copy the images into the folder, or store them in the table's rows"
        raise DataError(f"{place}: {error}{way_out if path.is_absolute() else ''}") from error


def _short(text: str) -> str:
    return repr(text if len(text) <= 60 else f"{text[:60]}...")
