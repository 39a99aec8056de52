"""The early-answer probe: how far into its reasoning a response first names the answer.

A policy that was pulled towards a teacher who knows the answer names it before it has derived
anything. A policy that merely restates the question may do so too: `red` is in "is the shape red?".
And `yes`, `no`, `A` or a small number occur in ordinary text for other reasons, so for such answers
the probe says little by itself. The control is the same probe with the answers of other problems
of the same kind, and with the base policy's responses.
"""

import re
from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

from rlsd_pipeline.statistics.intervals import wilson_share
from schemas import Interval


class EarlyAnswers(NamedTuple):
    """The positions at which many responses first name the answer.

    Attributes:
        share: Share of all responses that name it early, with Wilson's interval. One that never
            names it, or has no reasoning, counts as not early.
        early: Number of responses that do.
        absent: Number of responses whose reasoning never names it.
        without_reasoning: Number of responses without any reasoning: watch it, since a policy
            that stops to reason also stops to name answers early.
        median_position: Median position of the responses that name it; None where none does.
        positions: Position in each response, in the given order.
    """

    share: Interval
    early: int
    absent: int
    without_reasoning: int
    median_position: float | None
    positions: list[float | None]


def reasoning_of(completion: str) -> str:
    """The text inside `<think>`; without a closed one, all that stands before `<answer>`."""
    inside, closed, _ = completion.partition("</think>")
    if not closed:
        inside = completion.partition("<answer>")[0]
    _, opened, after = inside.partition("<think>")
    return (after if opened else inside).strip()


def first_answer_position(reasoning: str, answer: str) -> float | None:
    """The first position of an answer as a whole word, as a fraction of the text's characters.

    Case and the width of blanks do not count. A number is not found inside a longer one: 2 is not
    in 12, 2.5, 1,200 or -2.

    Args:
        reasoning: The text before the final answer, such as `reasoning_of` gives it.
        answer: The answer to look for: the problem's, to see a leak of r; the response's own, to
            see when it has made up its mind.

    Returns:
        Characters before the answer by characters in all, in [0, 1); None if it is not there.

    Raises:
        ValueError: The answer is blank.
    """
    if not answer.strip():
        raise ValueError("a blank answer stands everywhere: leave such responses out")
    words = r"\s+".join(re.escape(word) for word in answer.split())
    whole = rf"(?<!\w)(?<!\d[.,])(?<!^[-−])(?<![\s(\[{{=:,][-−]){words}(?!\w)(?![.,]\d)"
    found = re.search(whole, reasoning, re.IGNORECASE)
    return found.start() / len(reasoning) if found else None


def early_answers(
    reasonings: Sequence[str],
    answers: Sequence[str],
    *,
    within: float = 0.2,
    confidence: float = 0.95,
) -> EarlyAnswers:
    """Find the responses that name the answer within the first part of their reasoning.

    Args:
        reasonings: The reasoning of each response.
        answers: The answer to look for in each.
        within: The part that counts as early, as a fraction of the characters.
        confidence: Coverage of the interval.

    Raises:
        ValueError: An answer is blank, or there are not as many answers as reasonings.
    """
    if len(reasonings) != len(answers):
        raise ValueError(f"{len(reasonings)} reasonings and {len(answers)} answers")
    positions = [
        first_answer_position(reasoning, answer)
        for reasoning, answer in zip(reasonings, answers, strict=True)
    ]
    named = [position for position in positions if position is not None]
    early = sum(position < within for position in named)
    blank = sum(not reasoning.strip() for reasoning in reasonings)
    return EarlyAnswers(
        share=wilson_share(early, len(positions), confidence),
        early=early,
        absent=len(positions) - len(named) - blank,
        without_reasoning=blank,
        median_position=median(named) if named else None,
        positions=positions,
    )
