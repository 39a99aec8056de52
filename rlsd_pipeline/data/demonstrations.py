"""Demonstrations for the warm start: prompts with responses to imitate."""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from rlsd_pipeline.config.model import DemonstrationNoise
    from rlsd_pipeline.config.prompts import PromptsConfig

MENTION = "the reference says {answer}. "


class Demonstration(NamedTuple):
    """A prompt with an image, and the response to learn."""

    prompt: str
    image: bytes
    response: str


class Demonstrations(ABC):
    """Questions with noisy responses to them."""

    @abstractmethod
    def questions(self, seed: int) -> Sequence[Any]:
        """The questions that a warm start of this seed draws from; it always draws with return."""

    @abstractmethod
    def demonstrate(
        self,
        question: Any,
        noise: DemonstrationNoise,
        prompts: PromptsConfig,
        rng: random.Random,
    ) -> Demonstration:
        """One noisy response to one of the questions, sometimes with a reference in the prompt."""


class Arrived(NamedTuple):
    """The outcome of a demonstration, right or wrong.

    Attributes:
        question: What was asked.
        before: What the response says before it reasons.
        reasoning: The steps, which a reference solution shows.
        answer: Where they lead.
    """

    question: str
    before: str
    reasoning: str
    answer: str


def as_demonstration(
    arrived: Arrived,
    image: bytes,
    noise: DemonstrationNoise,
    prompts: PromptsConfig,
    rng: random.Random,
) -> Demonstration:
    """The prompt, with a reference in a declared share of them, and the response.

    The reference is what the demonstration arrives at itself, so it is as noisy as one without.
    """
    question, before, reasoning, answer = arrived
    prompt, kind = prompts.fill(prompts.student, question=question), rng.random()
    referred = kind < noise.with_answer + noise.with_solution
    if kind < noise.with_answer:
        prompt = prompts.fill(prompts.answer_reference, question=question, answer=answer)
    elif referred:
        prompt = prompts.fill(
            prompts.solution_reference, question=question, answer=answer, solution=reasoning
        )
    mention = MENTION.format(answer=answer) if referred and rng.random() < noise.mention else ""
    response = f"<think>{mention}{before}{reasoning}</think><answer>{answer}</answer>"
    return Demonstration(prompt, image, response)
