import random
import re
from collections import Counter
from itertools import islice

import pytest

from rlsd_pipeline.config.model import DemonstrationNoise
from rlsd_pipeline.config.prompts import PromptsConfig
from rlsd_pipeline.data import easy_vqa
from rlsd_pipeline.data.blind import blind_baseline
from rlsd_pipeline.data.easy_vqa_chain import (
    Asked,
    Chain,
    ChainDemonstrations,
    chain_steps,
    draw,
    to_problem,
)
from rlsd_pipeline.data.sources.easy_vqa_chain import EasyVQAChainDataset
from schemas import Problem

RED, TEAL = "it is red.", "teal red different plain no."
BLUE = "it is blue. red blue different negated yes. teal blue different plain no."
PROMPTS = PromptsConfig(
    student="{question}",
    answer_reference="{question} ANSWER: {answer}",
    solution_reference="{question} SOLUTION: {solution}",
)


@pytest.fixture(scope="module")
def problems() -> list[Problem]:
    return EasyVQAChainDataset(train_questions=3000, test_questions=400).problems()


def red_circle() -> int:
    """A train image that shows a red circle."""
    scenes = easy_vqa.scenes("train")
    return next(image for image, scene in scenes.items() if scene == ("red", "circle"))


def test_a_chain_as_a_problem() -> None:
    chain = Chain(red_circle(), (Asked("red", True), Asked("teal", False), Asked("blue", True)))
    problem = to_problem("train", chain)
    assert problem.question == "not red? teal? not blue?"
    assert problem.answer == "no no yes"
    assert problem.solution == (
        "it is red. red red same negated no. teal red different plain no. "
        "blue red different negated yes."
    )
    assert problem.attributes == {"colour": "red", "asked": "red teal blue", "negated": "2"}


def test_the_wording_gives_little_away(problems: list[Problem]) -> None:
    """Of three links one names the colour shown, or none: four answers are equally likely."""
    train = [problem for problem in problems if problem.split == "train"]
    chains = list(islice(draw("train", [red_circle()], 3, random.Random(0)), 8000))
    shown = Counter(
        [link.colour for link in chain.asked].index("red") if "red" in str(chain) else 3
        for chain in chains
    )
    assert set(shown) == {0, 1, 2, 3}
    assert all(abs(count - 2000) < 160 for count in shown.values())
    half = len(train) // 2
    assert blind_baseline(train[:half], train[half:]) < 0.3


def test_splits_share_no_image_and_no_problem_comes_twice(problems: list[Problem]) -> None:
    assert Counter(problem.split for problem in problems) == {"train": 3000, "test": 400}
    assert len({problem.problem_id for problem in problems}) == 3400
    seen = set(sorted(easy_vqa.scenes("train"))[:2000])
    train = {int(p.problem_id.split("-")[1]) for p in problems if p.split == "train"}
    assert not train & seen


def test_demonstrations_ramble_and_follow_from_what_they_say() -> None:
    source = EasyVQAChainDataset(filler=5)
    shown = source.demonstrations()
    noise = DemonstrationNoise(wrong_comparison=0.2, wrong_negation=0.5, mention=0.0)
    rng, right = random.Random(0), []
    for chain in shown.questions(seed=0)[:1000]:
        response = shown.demonstrate(chain, noise, PROMPTS, rng).response
        found = re.fullmatch(
            r"<think>(?:\w+ ){4}\w+\. (it is .*\.)</think><answer>(.*)</answer>", response
        )
        assert found is not None, response
        problem = to_problem("train", chain)
        steps = chain_steps(response, found[2], problem)
        assert steps["step:perceive"] == steps["step:answer"] == "right"
        right.append(found[2] == problem.answer)
    # A plain link is right with .8, and a negated one where none or both of its steps fail, .5.
    assert abs(sum(right) / 1000 - 0.65**3) < 4 * (0.27 * 0.73 / 1000) ** 0.5


def test_a_clean_demonstration_is_the_solution() -> None:
    clean = DemonstrationNoise(
        wrong_comparison=0, wrong_negation=0, with_answer=0, with_solution=0, mention=0
    )
    chain = Chain(red_circle(), (Asked("red", False), Asked("teal", True)))
    shown = ChainDemonstrations(images=2000, links=2, filler=0)
    found = shown.demonstrate(chain, clean, PROMPTS, random.Random(0))
    problem = to_problem("train", chain)
    assert found.prompt == "red? not teal?"
    assert found.response == f"<think>{problem.solution}</think><answer>yes yes</answer>"


@pytest.mark.parametrize(
    ("completion", "extracted", "outcomes"),
    [  # Of a chain that asks "not red? teal?" of a red circle.
        (f"{RED} red red same negated no. {TEAL}", "no no", "rrrr"),
        (
            "it is blue. red blue different negated yes. teal blue different plain no.",
            "yes no",
            "wrrr",
        ),
        (
            "it is red. red red different negated yes. teal red different plain no.",
            "yes no",
            "rwrr",
        ),
        (f"{RED} red red same negated yes. {TEAL}", "yes no", "rrwr"),
        (f"{RED} red red same negated no. {TEAL}", "no yes", "rrrw"),
        ("it is red. red red same negated no.", "no", "r"),
        ("no idea", None, "m"),
    ],
)
def test_each_kind_of_step_is_judged_given_what_came_before(
    completion: str, extracted: str | None, outcomes: str
) -> None:
    chain = Chain(red_circle(), (Asked("red", True), Asked("teal", False)))
    found = chain_steps(completion, extracted, to_problem("train", chain))
    names = ["step:perceive", "step:compare", "step:negate", "step:answer"][: len(outcomes)]
    words = {"r": "right", "w": "wrong", "m": "missing"}
    assert found == {name: words[each] for name, each in zip(names, outcomes, strict=True)}


def test_filler_is_no_part_of_the_problems_but_of_the_warm_start() -> None:
    short, long = EasyVQAChainDataset(filler=1), EasyVQAChainDataset(filler=2)
    assert short.declared() == long.declared()
    assert short.demonstrated != long.demonstrated
