"""Images with less to see."""

import io
import random
from functools import partial

import pytest
from PIL import Image

from rlsd_pipeline.data.altered_images import altered, blank, blurred, patched
from tests.png import png

WHITE = Image.new("RGB", (40, 30), "white")


@pytest.mark.parametrize(("share", "black"), [(0.0, 0), (0.25, 3), (0.5, 6), (1.0, 12)])
def test_exactly_the_share_of_the_patches_is_black(share: float, black: int) -> None:
    found = patched(WHITE, share, 10, random.Random(0))
    corners = [(x, y) for y in (0, 10, 20) for x in (0, 10, 20, 30)]
    dark = [corner for corner in corners if found.getpixel(corner) == (0, 0, 0)]
    assert len(dark) == black
    for x, y in dark:
        assert found.getpixel((x + 9, y + 9)) == (0, 0, 0)
    assert sum(count for count, colour in found.getcolors() if colour == (0, 0, 0)) == 100 * black


def test_patches_at_the_edges_are_smaller() -> None:
    found = patched(WHITE, 1.0, 28, random.Random(0))
    assert found.getcolors() == [(1200, (0, 0, 0))]


def test_altered_images_keep_their_size_and_say_nothing_or_little() -> None:
    half = WHITE.copy()
    half.paste((0, 0, 0), (0, 0, 20, 30))
    grey = Image.open(io.BytesIO(altered(png(half), blank)))
    assert (grey.size, grey.getcolors()) == ((40, 30), [(1200, (128, 128, 128))])
    soft = Image.open(io.BytesIO(altered(png(half), partial(blurred, deviation=4.0))))
    assert soft.size == (40, 30)
    assert 100 < soft.getpixel((20, 15))[0] < 155
    assert half.getpixel((20, 15)) == (255, 255, 255)
