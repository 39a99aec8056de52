"""The easy-VQA data set as a source; `rlsd_pipeline.data.easy_vqa` draws its questions."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from rlsd_pipeline.data.easy_vqa_images import EasyVQAImages

if TYPE_CHECKING:
    from schemas import Problem


class EasyVQADataset(EasyVQAImages):
    """The easy-VQA data set (PyPI `easy-vqa`, MIT): coloured shapes of 64 by 64 pixels.

    Questions are drawn from its own train and test splits in equal numbers of five kinds:
    plain or negated wording with the answer yes or no, and open questions.
    """

    type: Literal["easy_vqa"] = "easy_vqa"

    train_questions: Annotated[int, Field(ge=5)] = 4000
    """Number of training questions."""

    test_questions: Annotated[int, Field(ge=5)] = 1000
    """Held-out questions, drawn from the test split."""

    def problems(self) -> list[Problem]:
        """The problems of both splits; train problems show images the warm start has not seen."""
        from rlsd_pipeline.data.easy_vqa import draw, scenes, to_problem

        train_images = sorted(scenes("train"))[self.warm_start_images :]
        train = draw("train", train_images, self.train_questions, self.seed)
        test = draw("test", scenes("test"), self.test_questions, self.seed)
        return [to_problem("train", q) for q in train] + [to_problem("test", q) for q in test]

    def content_version(self) -> str:
        """The version of the package."""
        return f"easy-vqa {version('easy-vqa')}"

    def reasoning_steps(
        self, completion: str, extracted: str | None, problem: Problem
    ) -> dict[str, str]:
        """Perceive, compare, negate: `right`, `wrong` or `missing`."""
        from rlsd_pipeline.data.easy_vqa_steps import easy_vqa_steps

        return easy_vqa_steps(completion, extracted, problem)
