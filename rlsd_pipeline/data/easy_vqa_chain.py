"""Several yes/no questions about the colour in one image of easy-VQA, answered as one chain.

    red? not teal? blue?
    hm well look ... again. it is red. red red same plain yes. teal red different negated yes. ...

The reward is for the whole chain, and a response rambles before it reasons, as language models do.
So most of its tokens decide nothing, and a method that finds those that do has something to gain.
"""

import random
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from rlsd_pipeline.config.model import DemonstrationNoise
from rlsd_pipeline.config.prompts import PromptsConfig
from rlsd_pipeline.data.demonstrations import (
    Arrived,
    Demonstration,
    Demonstrations,
    as_demonstration,
)
from rlsd_pipeline.data.easy_vqa import COLOURS, Split, image_bytes, scenes
from rlsd_pipeline.data.easy_vqa_steps import outcome
from schemas import Problem

FILLER = ("hm", "well", "now", "look", "again", "here", "there", "maybe")
"""Words that a demonstration rambles with, each equally often."""

_PERCEIVED = re.compile(r"\bit is (\w+)\.")
_STEP = re.compile(r"(\w+) (\w+) (same|different) (negated|plain) (yes|no)\.")


class Asked(NamedTuple):
    """One link: is it this colour, or is it not?"""

    colour: str
    negated: bool

    def answer(self, colour: str) -> str:
        """The right answer for an image of a colour."""
        return "yes" if (self.colour == colour) != self.negated else "no"


class Chain(NamedTuple):
    """All that is asked about one image."""

    image_id: int
    asked: tuple[Asked, ...]

    @property
    def text(self) -> str:
        """The question."""
        return " ".join(f"{'not ' if link.negated else ''}{link.colour}?" for link in self.asked)


def step(link: Asked, seen: str, relation: str, answer: str) -> str:
    """The reasoning of one link: what to compare stands side by side."""
    wording = "negated" if link.negated else "plain"
    return f"{link.colour} {seen} {relation} {wording} {answer}."


def draw(split: Split, image_ids: Iterable[int], links: int, rng: random.Random) -> Iterator[Chain]:
    """Chains without end, each about `links` different colours.

    Which of the links names the colour shown, or none of them, is equally likely, and negation is
    drawn apart from it: so the wording alone leaves `links + 1` answers that are equally likely.
    """
    images, colours = sorted(image_ids), sorted(COLOURS)
    while True:
        image = rng.choice(images)
        shown = scenes(split)[image].colour
        asked = rng.sample([colour for colour in colours if colour != shown], links)
        place = rng.randrange(links + 1)
        if place < links:
            asked[place] = shown
        yield Chain(image, tuple(Asked(colour, rng.random() < 0.5) for colour in asked))


def distinct(
    split: Split, image_ids: Sequence[int], links: int, count: int, seed: int
) -> list[Chain]:
    """The first `count` different chains of a seed."""
    rng, found = random.Random(f"easy-vqa-chain/{split}/{seed}"), dict[Chain, None]()
    for chain in draw(split, image_ids, links, rng):
        if len(found) == count:
            break
        found[chain] = None
    return list(found)


def to_problem(split: Split, chain: Chain) -> Problem:
    """One chain as a record."""
    scene = scenes(split)[chain.image_id]
    same = [link.colour == scene.colour for link in chain.asked]
    answers = [link.answer(scene.colour) for link in chain.asked]
    return Problem(
        problem_id=f"{split}-{chain.image_id}-{chain.text.replace('?', '').replace(' ', '_')}",
        split=split,
        question=chain.text,
        images=[image_bytes(split, chain.image_id)],
        answer=" ".join(answers),
        solution=_reasoning(chain, scene.colour, same, answers),
        choices=[],
        attributes={
            "colour": scene.colour,
            "asked": " ".join(link.colour for link in chain.asked),
            "negated": str(sum(link.negated for link in chain.asked)),
        },
    )


def _reasoning(chain: Chain, seen: str, same: Sequence[bool], answers: Sequence[str]) -> str:
    steps = [
        step(link, seen, "same" if is_same else "different", answer)
        for link, is_same, answer in zip(chain.asked, same, answers, strict=True)
    ]
    return " ".join([f"it is {seen}.", *steps])


class ChainDemonstrations(Demonstrations):
    """Ramble, perceive, then compare and mind the negation link by link.

    Args:
        images: How many train images, from the first, belong to the warm start.
        links: Questions of a chain.
        filler: Words of the rambling.
    """

    def __init__(self, images: int, links: int, filler: int) -> None:
        self._images, self._links, self._filler = images, links, filler

    def questions(self, seed: int) -> list[Chain]:
        """Some thousands, about the warm start's own images."""
        allowed = sorted(scenes("train"))[: self._images]
        rng = random.Random(f"easy-vqa-chain/demonstrations/{seed}")
        return list(islice(draw("train", allowed, self._links, rng), 4000))

    def demonstrate(
        self,
        question: Chain,
        noise: DemonstrationNoise,
        prompts: PromptsConfig,
        rng: random.Random,
    ) -> Demonstration:
        """See `Demonstrations`."""
        seen = scenes("train")[question.image_id].colour
        same, answers = [], []
        for link in question.asked:
            same.append((link.colour == seen) != (rng.random() < noise.wrong_comparison))
            negates = link.negated and rng.random() >= noise.wrong_negation
            answers.append("yes" if same[-1] != negates else "no")
        filler = " ".join(rng.choice(FILLER) for _ in range(self._filler))
        before = f"{filler}. " if filler else ""
        arrived = Arrived(
            question.text, before, _reasoning(question, seen, same, answers), " ".join(answers)
        )
        image = image_bytes("train", question.image_id)
        return as_demonstration(arrived, image, noise, prompts, rng)


def chain_steps(completion: str, extracted: str | None, problem: Problem) -> dict[str, str]:
    """The outcome of each kind of step: `right` if all its links are, `wrong` or `missing`.

    Each is judged given what the response itself said before.
    """
    perceived = _PERCEIVED.search(completion)
    seen = perceived.group(1) if perceived else None
    asked = problem.attributes["asked"].split()
    found = _STEP.findall(completion)
    if len(found) != len(asked):
        return {"step:perceive": outcome(seen, problem.attributes["colour"])}
    same = [relation == "same" for _, _, relation, _, _ in found]
    stated = [answer for *_, answer in found]
    implied = [
        "yes" if (relation == "same") != (wording == "negated") else "no"
        for _, _, relation, wording, _ in found
    ]
    return {
        "step:perceive": outcome(seen, problem.attributes["colour"]),
        "step:compare": outcome(same, [colour == seen for colour in asked]),
        "step:negate": outcome(stated, implied),
        "step:answer": outcome(extracted, " ".join(stated)),
    }
