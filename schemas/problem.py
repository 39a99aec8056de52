"""A question for the policy, with the answer that only the teacher and the verifier may see."""

import base64
from typing import Any, ClassVar

from schemas.record import NonEmpty, Record

_ONE_PIXEL_PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGP4DwABAQEAG7buVgAAAABJRU5ErkJggg=="
)

NO_ANSWER = "(no gold answer)"
"""The gold answer of a problem whose source has none."""


class Problem(Record):
    """One question x with its images, and its privileged information r."""

    schema_version: ClassVar[int] = 2
    oldest_readable: ClassVar[int | None] = 1

    key: ClassVar[tuple[str, ...]] = ("problem_id",)

    problem_id: NonEmpty
    """Name of the problem; unique in its data set and stable across versions of it."""

    split: NonEmpty
    """Split of the data set, such as `train` or `test`."""

    question: NonEmpty
    """The question as text; the prompt decides where the images go."""

    images: list[bytes]
    """Encoded images (PNG, JPEG, WebP, BMP), in the order of the question; may be empty."""

    answer: NonEmpty
    """The gold answer. Privileged: the verifier and the teacher see it, the policy never does.

    `NO_ANSWER` if an imported log has none; such an answer is neither verified nor shown.
    """

    solution: str | None
    """A worked reference solution; null if the source has none. Privileged."""

    choices: list[str]
    """The options of a multiple-choice question, in order; empty for an open one."""

    attributes: dict[str, str]
    """Labels by which scores are broken down."""

    boxes: list[float] | None = None
    """The deciding region of each image: left, top, right and bottom in pixels of the upright
    image, image after image. Privileged; null if the source names none."""

    cue: NonEmpty | None = None
    """A hint in words about the images. Privileged; null if the source has none."""

    @property
    def has_answer(self) -> bool:
        """Whether the source has a gold answer."""
        return self.answer != NO_ANSWER

    example: ClassVar[dict[str, Any]] = {
        "problem_id": "easy_vqa/train/17",
        "split": "train",
        "question": "Is there no red shape in the image?",
        "images": [_ONE_PIXEL_PNG],
        "answer": "no",
        "solution": None,
        "choices": ["yes", "no"],
        "attributes": {"negated": "yes"},
        "boxes": None,
        "cue": None,
    }
