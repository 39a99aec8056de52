"""The privileged context `crop`: the part of the image that decides, alone or beside the image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from rlsd_pipeline.privileged.context import JudgedRollout, MoreTokens, PrivilegedContext

if TYPE_CHECKING:
    from rlsd_pipeline.config.experiment import SamplingConfig
    from rlsd_pipeline.config.filled_template import FilledTemplate
    from rlsd_pipeline.config.hardware import AssumptionsConfig
    from rlsd_pipeline.config.prompts import PromptsConfig
    from schemas import Problem


class Crop(PrivilegedContext):
    """The student's question with the regions that the problem's `boxes` name; no word is added.

    After Vision-OPD (arXiv 2605.18740), whose abstract has a teacher that sees a crop of the
    evidence instead of the answer.
    """

    type: Literal["crop"] = "crop"

    images_shown: Literal["crop", "both"] = "crop"
    """`crop`: each image is its region. `both`: the regions follow the whole images."""

    margin: Annotated[float, Field(ge=0)] = 0.0
    """Added on each side of a box, as a share of its own width and height."""

    def texts(
        self, prompts: PromptsConfig, rollouts: Sequence[JudgedRollout]
    ) -> list[FilledTemplate | None]:
        """The student's; none where the problem has no boxes."""
        from rlsd_pipeline.config.filled_template import IMAGE_TAG, FilledTemplate, Piece

        found: list[FilledTemplate | None] = []
        for problem in (rollout.problem for rollout in rollouts):
            text = prompts.fill(prompts.student, question=problem.question)
            if self.images_shown == "both" and text.image_tags:
                # The question says where its images go; the regions have no place in it.
                tags = Piece("\n" + IMAGE_TAG * len(problem.images), "template")
                text = FilledTemplate([*text.pieces, tags])
            found.append(text if problem.boxes else None)
        return found

    def images(self, problem: Problem) -> list[bytes]:
        """The regions, behind the whole images if both are shown.

        Raises:
            DataError: A box does not lie in its image.
        """
        from rlsd_pipeline.data.boxes import SIDES
        from rlsd_pipeline.data.crops import cropped

        boxes = problem.boxes or []
        crops = [
            cropped(image, boxes[SIDES * n : SIDES * (n + 1)], self.margin, problem.problem_id)
            for n, image in enumerate(problem.images)
            if boxes
        ]
        return [*problem.images, *crops] if self.images_shown == "both" else crops

    def more_tokens(self, sampling: SamplingConfig, expected: AssumptionsConfig) -> MoreTokens:
        """At most the tokens of the images once more."""
        more = expected.image_tokens if self.images_shown == "both" else 0
        return MoreTokens(more, more)
