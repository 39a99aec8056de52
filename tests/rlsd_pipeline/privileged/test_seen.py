"""Teachers that see another image, or are told what to look at."""

import io

import pytest
from PIL import Image

from rlsd_pipeline.config.prompts import PromptsConfig
from rlsd_pipeline.data.boxes import read_boxes
from rlsd_pipeline.data.row import Row
from rlsd_pipeline.errors import DataError
from rlsd_pipeline.privileged.context import JudgedRollout
from rlsd_pipeline.privileged.kinds.crop import Crop
from rlsd_pipeline.privileged.kinds.cue import Cue
from schemas import Problem
from tests.png import png

PROMPTS = PromptsConfig(student="{question} Think.", cue_reference="{question} See: {cue}.")


def decoded(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


@pytest.fixture
def problem() -> Problem:
    """White, and red in the middle."""
    image = Image.new("RGB", (40, 30), "white")
    image.paste((255, 0, 0), (10, 10, 20, 20))
    row = {"question": "Red?", "answer": "yes", "boxes": ["10", "10", "20", "20"], "cue": "middle"}
    return Row.model_validate(row | {"image": "x"}).problem(lambda *_: png(image))


def test_a_crop_is_the_region_alone_and_a_margin_widens_it(problem: Problem) -> None:
    assert problem.boxes == [10.0, 10.0, 20.0, 20.0]
    (region,) = Crop().images(problem)
    assert (decoded(region).size, decoded(region).getcolors()) == ((10, 10), [(100, (255, 0, 0))])
    (wider,) = Crop(margin=0.5).images(problem)
    assert sorted(decoded(wider).getcolors()) == [(100, (255, 0, 0)), (300, (255, 255, 255))]
    # Three quarters of a box below the image: cut off at its edge.
    low = problem.model_copy(update={"boxes": [0.0, 20.0, 40.0, 60.0]})
    assert decoded(Crop().images(low)[0]).size == (40, 10)
    outside = problem.model_copy(update={"boxes": [40.0, 0.0, 50.0, 30.0]})
    with pytest.raises(DataError, match="holds no pixel of its image of 40 x 30"):
        Crop().images(outside)


def test_both_images_have_their_places(problem: Problem) -> None:
    both = Crop(images_shown="both")
    assert both.images(problem) == [problem.images[0], *Crop().images(problem)]
    assert both.texts(PROMPTS, [JudgedRollout(problem, "")]) == ["Red? Think."]
    placed = problem.model_copy(update={"question": "Is <image> red?"})
    (text,) = both.texts(PROMPTS, [JudgedRollout(placed, "")])
    assert text == "Is <image> red? Think.\n<image>"
    assert text.image_tags == 2
    assert Crop().texts(PROMPTS, [JudgedRollout(placed, "")]) == ["Is <image> red? Think."]


def test_without_boxes_or_a_cue_there_is_nothing_to_show(problem: Problem) -> None:
    bare = problem.model_copy(update={"boxes": None, "cue": None})
    rollouts = [JudgedRollout(problem, ""), JudgedRollout(bare, "")]
    assert Crop().texts(PROMPTS, rollouts) == ["Red? Think.", None]
    assert Cue().texts(PROMPTS, rollouts) == ["Red? See: middle.", None]


@pytest.mark.parametrize(
    ("value", "images", "why"),
    [
        ([1, 2, 3], 1, r"a box is \[left, top, right, bottom\]"),
        ([5, 0, 5, 9], 1, "left before right"),
        ([0, 0, "nan", 9], 1, "left before right"),
        ([[0, 0, 1, 1]], 2, "1 boxes for 2 images"),
        ("here", 1, "a box is"),
    ],
)
def test_what_is_no_box_is_refused(value: object, images: int, why: str) -> None:
    with pytest.raises(DataError, match=why):
        read_boxes(value, images, "line 7")


def test_boxes_are_one_or_one_for_each_image() -> None:
    assert read_boxes([0, 1, 2, 3], 1, "") == read_boxes([[0, 1, 2, 3]], 1, "") == [0, 1, 2, 3]
    assert read_boxes([[0, 1, 2, 3], [4, 5, 6, 7]], 2, "") == [0, 1, 2, 3, 4, 5, 6, 7]
    assert read_boxes(None, 1, "") is None
    assert read_boxes([], 1, "") is None
