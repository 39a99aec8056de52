"""The easy-VQA data set as problems, drawn so that the wording alone does not give the answer.

The stock questions can be answered blind: of the yes/no questions 82.5 % follow the rule
"negated wording -> yes, else no". Questions are therefore drawn in equal numbers of
wording x answer x attribute, and `rlsd_pipeline.data.blind` measures what the wording still
gives away.
"""

import random
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple

import easy_vqa

from rlsd_pipeline.data.images import load_image
from schemas import Problem

COLOURS = frozenset(["black", "blue", "brown", "gray", "green", "red", "teal", "yellow"])
SHAPES = frozenset(["circle", "rectangle", "triangle"])
NEGATIONS = frozenset(("no", "not"))

Split = Literal["train", "test"]


class Scene(NamedTuple):
    """The content of an image."""

    colour: str
    shape: str


class Question(NamedTuple):
    """One question of the data set, with the parts its wording is made of.

    `asked` is the colour or shape a yes/no question asks about, or the attribute
    ("colour", "shape") an open question asks for.
    """

    text: str
    answer: str
    image_id: int
    asked: str
    negated: bool
    closed: bool


def parse_question(text: str, answer: str, image_id: int) -> Question:
    """Split a question's wording into what is asked and whether it is negated."""
    words = re.findall(r"[a-z]+", text)
    closed = answer in ("yes", "no")
    if closed:
        asked = next(word for word in words if word in COLOURS | SHAPES)
    else:
        asked = "colour" if answer in COLOURS else "shape"
    return Question(text, answer, image_id, asked, any(w in NEGATIONS for w in words), closed)


def _implied(question: Question) -> Iterable[str]:
    """The colours and shapes that a question and its answer say the image shows."""
    if not question.closed:
        yield question.answer
        yield from (w for w in re.findall(r"[a-z]+", question.text) if w in COLOURS | SHAPES)
    elif (question.answer == "yes") != question.negated:
        yield question.asked


@cache
def questions(split: Split) -> tuple[Question, ...]:
    """All questions of a split, in the data set's order."""
    read = easy_vqa.get_train_questions if split == "train" else easy_vqa.get_test_questions
    return tuple(parse_question(*row) for row in zip(*read(), strict=True))


@cache
def scenes(split: Split) -> Mapping[int, Scene]:
    """Image id -> what the image shows, where the questions settle both colour and shape."""
    facts: dict[int, set[str]] = defaultdict(set)
    for question in questions(split):
        facts[question.image_id].update(_implied(question))
    return {
        image_id: Scene(*(found & COLOURS), *(found & SHAPES))
        for image_id, found in facts.items()
        if found & COLOURS and found & SHAPES
    }


@cache
def image_bytes(split: Split, image_id: int) -> bytes:
    """The encoded PNG of an image."""
    folder = Path(easy_vqa.__file__).parent / "data" / split / "images"
    return load_image(folder / f"{image_id}.png", place=f"easy-vqa {split} image {image_id}")


def _cell(question: Question) -> tuple[str, ...]:
    if not question.closed:
        return ("open", question.asked)
    attribute = "colour" if question.asked in COLOURS else "shape"
    return ("negated" if question.negated else "plain", question.answer, attribute)


def _cells(split: Split, image_ids: Iterable[int]) -> dict[tuple[str, ...], list[Question]]:
    allowed, known = set(image_ids), scenes(split)
    cells: dict[tuple[str, ...], list[Question]] = defaultdict(list)
    for question in dict.fromkeys(questions(split)):
        if question.image_id in allowed and question.image_id in known:
            cells[_cell(question)].append(question)
    return dict(sorted(cells.items()))


def capacity(split: Split, image_ids: Iterable[int]) -> int:
    """The most questions `draw` can give for these images."""
    cells = _cells(split, image_ids)
    return len(cells) * min(map(len, cells.values()))


def draw(split: Split, image_ids: Iterable[int], count: int, seed: int) -> list[Question]:
    """Draw `count` questions, a fifth of each kind and half of each kind about colour.

    The kinds are wording (plain, negated) x answer (yes, no), and open questions.

    Raises:
        ValueError: The images do not have enough questions of one kind.
    """
    cells = _cells(split, image_ids)
    rng = random.Random(f"easy-vqa/{split}/{seed}")
    drawn: list[Question] = []
    for position, (cell, pool) in enumerate(cells.items()):
        share = count // len(cells) + (position < count % len(cells))
        if len(pool) < share:
            raise ValueError(
                f"easy-VQA has {len(pool)} {split} questions of kind {'/'.join(cell)} for "
                f"these images, {share} were asked for: ask for at most "
                f"{capacity(split, image_ids)} questions"
            )
        drawn += rng.sample(pool, share)
    rng.shuffle(drawn)
    return drawn


def chain(scene: Scene, question: Question, relation: str | None = None) -> str:
    """The reasoning that leads to the answer: perceive, compare, mind the negation.

    The two words to compare stand side by side: a model this small learns nothing else in minutes.

    Args:
        scene: What the image shows.
        question: What is asked of it.
        relation: `same` or `different`, in place of the true one.
    """
    perceived = f"a {scene.colour} {scene.shape}."
    if not question.closed:
        return f"{perceived} asked {question.asked}."
    seen = scene.colour if question.asked in COLOURS else scene.shape
    relation = relation or ("same" if question.asked == seen else "different")
    wording = "negated" if question.negated else "plain"
    return f"{perceived} asked {question.asked}, seen {seen} {relation}, {wording}."


def to_problem(split: Split, question: Question) -> Problem:
    """One drawn question as a record, with the scene among its attributes."""
    scene = scenes(split)[question.image_id]
    return Problem(
        problem_id=f"{split}-{question.image_id}-{question.text.rstrip('?').replace(' ', '_')}",
        split=split,
        question=question.text,
        images=[image_bytes(split, question.image_id)],
        answer=question.answer,
        solution=chain(scene, question),
        choices=[],
        attributes={
            "colour": scene.colour,
            "shape": scene.shape,
            "asked": question.asked,
            "kind": "open" if not question.closed else "negated" if question.negated else "plain",
        },
    )
