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
    """The part of the data set it belongs to, such as `train` or `test`."""

    question: NonEmpty
    """The question as text. Where the images go is the prompt's business."""

    images: list[bytes]
    """Encoded images (PNG, JPEG, WebP, BMP), in the order the question speaks of them, or none."""

    answer: NonEmpty
    """The gold answer. Privileged: seen by the verifier and the teacher, never by the policy.

    `NO_ANSWER` where a log of rollouts holds none; nothing is verified or shown by it.
    """

    solution: str | None
    """A worked reference solution, where the source has one. Privileged."""

    choices: list[str]
    """The options of a multiple-choice question, in order; empty for an open one."""

    attributes: dict[str, str]
    """Free labels by which scores are broken down."""

    boxes: list[float] | None = None
    """The region of each image that decides: left, top, right and bottom in pixels of the upright
    image, image after image. Privileged; null where the source names none."""

    cue: NonEmpty | None = None
    """A hint in words at what the images show. Privileged; null where the source has none."""

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
