"""Checks a row of a user's own source as a row of a file is checked."""

import io
from collections.abc import Mapping
from numbers import Number
from pathlib import Path
from typing import Any

from PIL import Image, ImageOps
from pydantic import ValidationError

from rlsd_pipeline.config.strict import describe
from rlsd_pipeline.data.image_values import read_image
from rlsd_pipeline.data.images import load_image
from rlsd_pipeline.data.row import Row
from rlsd_pipeline.errors import DataError
from schemas import Problem

_IMAGES = ("image", "images")
_AS_THEY_ARE = ("1", "L", "LA", "I;16", "P", "RGB", "RGBA")
"""Modes of Pillow that PNG keeps."""


def own_problem(row: Any, folder: Path | None, place: str) -> Problem:
    """A problem, whose images decode.

    Args:
        row: A problem, or a dictionary with the keys of a JSONL row; numbers may stand for text,
            and None or NaN for what is absent.
        folder: Where the images lie that it names by text.
        place: Where it stands, for the message.

    Raises:
        DataError: The row is not a problem, or an image cannot be read.
    """
    if isinstance(row, Problem):
        proved = [_image(image, folder, place, n) for n, image in enumerate(row.images)]
        return row.model_copy(update={"images": proved})
    if not isinstance(row, Mapping):
        raise DataError(
            f"{place}: a row is a `Problem` or a dictionary with `question` and `answer`, not "
            f"{type(row).__name__}"
        )
    if "id" in row and "problem_id" in row:
        raise DataError(f"{place}: give `id` or `problem_id`, not both")
    try:
        checked = Row.model_validate(_plain(row))
    except ValidationError as error:
        raise DataError(describe(error, Row, place)) from error
    return checked.problem(lambda value, index: _image(value, folder, place, index))


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row as JSON would have it: lists, text for numbers, and nothing for what is absent."""
    found = {}
    for key, value in row.items():
        if value is None or (isinstance(value, float) and value != value):
            continue
        name = "id" if key == "problem_id" else key
        found[name] = value if key in _IMAGES and not isinstance(value, tuple) else _text(value)
    return found


def _text(value: Any) -> Any:
    if isinstance(value, Number) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, list | tuple):
        return [_text(each) for each in value]
    if isinstance(value, Mapping):
        return {key: _text(held) for key, held in value.items()}
    return value


def _image(value: Any, folder: Path | None, place: str, index: int) -> bytes:
    if isinstance(value, Image.Image):
        value = _encoded(value)
    if isinstance(value, Path):
        return load_image(value, place=f"{place}, images[{index}]")
    return read_image(value, folder, place, index)


def _encoded(image: Image.Image) -> bytes:
    """The image as an upright PNG: Pillow keeps the orientation of the file apart."""
    upright = ImageOps.exif_transpose(image)
    buffer = io.BytesIO()
    kept = upright.mode in _AS_THEY_ARE
    (upright if kept else upright.convert("RGB")).save(buffer, "PNG")
    return buffer.getvalue()
