"""Demonstrations on easy-VQA's own questions."""

import random

from rlsd_pipeline.config.model import DemonstrationNoise
from rlsd_pipeline.config.prompts import PromptsConfig
from rlsd_pipeline.data import easy_vqa
from rlsd_pipeline.data.demonstrations import (
    Arrived,
    Demonstration,
    Demonstrations,
    as_demonstration,
)
from rlsd_pipeline.data.easy_vqa import Question


class EasyVQADemonstrations(Demonstrations):
    """Perceive, compare, mind the negation.

    Args:
        images: How many train images, from the first, belong to the warm start.
    """

    def __init__(self, images: int) -> None:
        self._images = images

    def questions(self, seed: int) -> list[Question]:
        """Train questions of the warm start's own images, every kind equally often."""
        allowed = sorted(easy_vqa.scenes("train"))[: self._images]
        return easy_vqa.draw("train", allowed, easy_vqa.capacity("train", allowed), seed)

    def demonstrate(
        self,
        question: Question,
        noise: DemonstrationNoise,
        prompts: PromptsConfig,
        rng: random.Random,
    ) -> Demonstration:
        """See `Demonstrations`."""
        scene = easy_vqa.scenes("train")[question.image_id]
        reasoning, answer = easy_vqa.chain(scene, question), question.answer
        if question.closed:
            same = (question.asked in scene) != (rng.random() < noise.wrong_comparison)
            negates = question.negated and rng.random() >= noise.wrong_negation
            answer = "yes" if same != negates else "no"
            reasoning = easy_vqa.chain(scene, question, "same" if same else "different")
        arrived = Arrived(question.text, "", reasoning, answer)
        image = easy_vqa.image_bytes("train", question.image_id)
        return as_demonstration(arrived, image, noise, prompts, rng)
