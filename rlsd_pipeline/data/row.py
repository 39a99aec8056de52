"""The row of a source, with the keys of JSONL files and of a user's own sources."""

import hashlib
from collections.abc import Callable, Sequence
from typing import Annotated, Any

from pydantic import Field, StringConstraints, model_validator

from rlsd_pipeline.config.strict import StrictConfig
from rlsd_pipeline.data.boxes import read_boxes
from rlsd_pipeline.data.image_values import image_values
from schemas.problem import Problem

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class Row(StrictConfig):
    """One question."""

    question: Text
    answer: Text
    image: Any = None
    images: Any = None
    id: Text | None = None
    solution: Text | None = None
    choices: list[Text] = Field(default_factory=list)
    split: Text = "train"
    attributes: dict[str, str] = Field(default_factory=dict)
    boxes: Any = None
    cue: Text | None = None

    @model_validator(mode="after")
    def _one_way_to_name_images(self) -> "Row":
        if image_values(self.image) and image_values(self.images):
            raise ValueError("give `image` or `images`, not both")
        return self

    def problem(self, read_image: Callable[[Any, int], bytes]) -> Problem:
        """The row as a problem.

        Args:
            read_image: The encoded image of a value and of its place among the images.

        Raises:
            DataError: An image cannot be read, or a box is invalid.
        """
        values = image_values(self.image) + image_values(self.images)
        images = [read_image(value, index) for index, value in enumerate(values)]
        name = self.id or content_id(self.question, self.answer, images)
        return Problem(
            problem_id=name,
            split=self.split,
            question=self.question,
            images=images,
            answer=self.answer,
            solution=self.solution,
            choices=self.choices,
            attributes=self.attributes,
            boxes=read_boxes(self.boxes, len(images), f"problem {name}"),
            cue=self.cue,
        )


def content_id(question: str, answer: str, images: Sequence[bytes]) -> str:
    """A name for a problem that has none: the digest of what it asks."""
    parts = [question.encode(), answer.encode(), *images]
    digests = b"".join(hashlib.sha256(part).digest() for part in parts)
    return hashlib.sha256(digests).hexdigest()[:16]
