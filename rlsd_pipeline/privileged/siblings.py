"""Chooses the correct and wrong responses of its group that a rollout is compared with."""

import random
from collections.abc import Sequence
from typing import NamedTuple

from schemas import Verdict


class Siblings(NamedTuple):
    """The siblings of one rollout; never the rollout itself.

    Attributes:
        correct: Index of a correct response in the group, or None where there is no other.
        wrong: Indices of responses with a wrong answer.
    """

    correct: int | None
    wrong: tuple[int, ...]


def siblings(verdicts: Sequence[Verdict], wrong: int, draw: random.Random) -> list[Siblings]:
    """The siblings of each rollout of a group.

    The group's correct and its wrong responses are put in a random order once, and each rollout
    has the first that are not itself: so a group needs few more prompts than it shows siblings. A
    response without an answer that could be read is no sibling.

    Args:
        verdicts: Verdicts of the group's rollouts, in their order.
        wrong: Wrong siblings of a rollout, at most.
        draw: Draws the orders.
    """
    rights = [row for row, verdict in enumerate(verdicts) if verdict is Verdict.CORRECT]
    wrongs = [row for row, verdict in enumerate(verdicts) if verdict is Verdict.INCORRECT]
    draw.shuffle(rights)
    draw.shuffle(wrongs)
    return [
        Siblings(
            next((other for other in rights if other != row), None),
            tuple([other for other in wrongs if other != row][:wrong]),
        )
        for row in range(len(verdicts))
    ]
