import io
from typing import Any

import pytest
from PIL import Image

from rlsd_pipeline.data.images import fit_pixels
from rlsd_pipeline.errors import DataError
from rlsd_pipeline.evaluation.contamination import overlap, require_distinct
from schemas import Problem
from tests.benchmark_fixtures import picture
from tests.png import square

LONG = "How many circles are left of the line between both squares?"
SHORT = "What is the area?"


def problem(name: str, **changes: Any) -> Problem:
    fields: dict[str, Any] = {
        "problem_id": name,
        "split": "train",
        "question": SHORT,
        "images": [],
        "answer": "1",
        "solution": None,
        "choices": [],
        "attributes": {},
    }
    return Problem(**fields | changes)


def encoded(data: bytes, format: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    Image.open(io.BytesIO(data)).save(buffer, format, **options)
    return buffer.getvalue()


def test_image_in_another_encoding() -> None:
    data = picture(3)
    items = [problem("i", images=[picture(1)]), problem("j", images=[picture(2), data])]
    for copy in (
        data,
        encoded(data, "PNG", compress_level=0),
        encoded(data, "BMP"),
        encoded(data, "WEBP", lossless=True),
    ):
        assert overlap([problem("p", images=[copy])], items) == [("p", "j", "image")]
    assert overlap([problem("p", images=[picture(4)])], items) == []


def test_image_of_one_colour_shows_nothing() -> None:
    blank = [square("white")]
    assert overlap([problem("p", images=blank)], [problem("i", images=blank)]) == []


def test_image_that_the_benchmark_scaled_down() -> None:
    large = picture(5, (640, 480))
    items = [problem("i", images=[fit_pixels(large, 10_000)])]
    learnt = [problem("p", images=[large])]
    assert overlap(learnt, items) == []
    assert overlap(learnt, items, max_pixels=10_000) == [("p", "i", "image")]
    both = [fit_pixels(picture(seed, (640, 480)), 5_000) for seed in (4, 5)]
    items = [problem("i", images=[picture(6)]), problem("j", images=both)]
    assert overlap(learnt, items, max_pixels=10_000) == [("p", "j", "image")]


@pytest.mark.parametrize(
    ("question", "shared"),
    [
        (LONG, True),
        (f"<image 1> {LONG.upper()}\n", True),
        (LONG.replace(" ", " \n ") + "<image2>", True),
        (LONG.replace("left", "right"), False),
    ],
)
def test_long_question(question: str, shared: bool) -> None:
    found = overlap([problem("p", question=question)], [problem("i", question=LONG)])
    assert found == ([("p", "i", "question")] if shared else [])


def test_short_question_counts_with_telling_options() -> None:
    options = ["an oak tree", "a willow"]
    items = [problem("i", choices=options), problem("j", choices=["A", "B", "C", "D", "E"])]
    assert overlap([problem("p")], items) == []
    assert overlap([problem("p", choices=items[1].choices)], items) == []
    assert overlap([problem("p", choices=["An oak tree", "an elm"])], items) == []
    reordered = problem("p", question=f"{SHORT} <image1>", choices=["A willow", "an  oak tree"])
    assert overlap([reordered], items) == [("p", "i", "question and options")]


def test_every_problem_once() -> None:
    both = {"question": LONG, "images": [picture(1), picture(2)]}
    learnt = [problem("p", **both), problem("q"), problem("r", images=[picture(2)])]
    assert overlap(learnt, [problem("i", **both), problem("j", **both)]) == [
        ("p", "i", "question"),
        ("r", "i", "image"),
    ]


def test_refusal_names_both() -> None:
    items = [problem("item", question=LONG)]
    require_distinct([problem("p")], items, "mathvision")
    learnt = [problem(f"p{number}", question=LONG) for number in range(7)]
    with pytest.raises(DataError) as error:
        require_distinct(learnt, items, "mathvision")
    message = str(error.value)
    assert message.startswith(
        "problems to learn from that are in the benchmark mathvision: 7: "
        "p0 is mathvision item (same question); p1 is"
    )
    assert message.endswith(
        "p4 is mathvision item (same question); .... Remove them from the data set, or do not "
        "evaluate mathvision"
    )
