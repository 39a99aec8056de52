import re
from collections import Counter

import pytest

from rlsd_pipeline.data import easy_vqa
from rlsd_pipeline.data.blind import blind_baseline
from rlsd_pipeline.data.easy_vqa import Question, Scene, chain, parse_question, to_problem
from rlsd_pipeline.data.easy_vqa_demonstrations import EasyVQADemonstrations
from rlsd_pipeline.data.sources.easy_vqa import EasyVQADataset
from schemas import Problem

COLOURS = ["black", "blue", "brown", "gray", "green", "red", "teal", "yellow"]
SHAPES = ["circle", "rectangle", "triangle"]


@pytest.fixture(scope="module")
def config() -> EasyVQADataset:
    return EasyVQADataset(train_questions=2000, test_questions=500)


@pytest.fixture(scope="module")
def problems(config: EasyVQADataset) -> list[Problem]:
    return config.problems()


def cell(question: str, answer: str) -> tuple[str, ...]:
    """Wording, answer and attribute, from the text alone."""
    if answer in COLOURS:
        return ("open", "colour")
    if answer in SHAPES:
        return ("open", "shape")
    wording = "negated" if re.search(r"\b(no|not)\b", question) else "plain"
    return (wording, answer, "colour" if any(c in question for c in COLOURS) else "shape")


@pytest.mark.parametrize(
    ("text", "answer", "asked", "negated", "closed"),
    [
        ("is there a red shape?", "yes", "red", False, True),
        ("is a teal shape present?", "no", "teal", False, True),
        ("does the image contain a circle?", "no", "circle", False, True),
        ("is there not a gray shape in the image?", "yes", "gray", True, True),
        ("does the image not contain a triangle?", "no", "triangle", True, True),
        ("is no rectangle present?", "yes", "rectangle", True, True),
        ("is no blue shape present?", "no", "blue", True, True),
        ("what color is the triangle?", "red", "colour", False, False),
        ("what is the blue shape?", "circle", "shape", False, False),
        ("what shape is in the image?", "rectangle", "shape", False, False),
    ],
)
def test_parse(text: str, answer: str, asked: str, negated: bool, closed: bool) -> None:
    assert parse_question(text, answer, 7) == Question(text, answer, 7, asked, negated, closed)


def test_every_wording_of_the_data_set_is_understood() -> None:
    """A wording with "not" or "no" is negated, every other one is not, and each asks one thing."""
    for split in ("train", "test"):
        for question in easy_vqa.questions(split):  # type: ignore[arg-type]
            assert question.negated == bool(re.search(r"\b(no|not)\b", question.text))
            if question.closed:
                named = [w for w in COLOURS + SHAPES if re.search(rf"\b{w}\b", question.text)]
                assert named == [question.asked]


def test_scenes_are_what_all_questions_say() -> None:
    for split in ("train", "test"):
        scenes = easy_vqa.scenes(split)  # type: ignore[arg-type]
        for question in easy_vqa.questions(split):  # type: ignore[arg-type]
            scene = scenes.get(question.image_id)
            if scene is None:
                continue
            if question.answer in COLOURS:
                assert question.answer == scene.colour
            elif question.answer in SHAPES:
                assert question.answer == scene.shape
            else:
                shown = question.asked in scene
                assert question.answer == ("yes" if shown != question.negated else "no")


def test_draw_is_balanced_over_the_ten_cells(problems: list[Problem]) -> None:
    for split, count in (("train", 200), ("test", 50)):
        drawn = Counter(cell(p.question, p.answer) for p in problems if p.split == split)
        assert len(drawn) == 10
        assert set(drawn.values()) == {count}


def test_what_is_left_over_goes_to_the_first_cells() -> None:
    images = sorted(easy_vqa.scenes("test"))
    drawn = Counter(cell(q.text, q.answer) for q in easy_vqa.draw("test", images, 53, seed=0))
    assert sorted(drawn.values()) == [5] * 7 + [6] * 3


def test_draw_follows_from_its_seed() -> None:
    images = sorted(easy_vqa.scenes("test"))
    first = easy_vqa.draw("test", images, 100, seed=0)
    assert first == easy_vqa.draw("test", reversed(images), 100, seed=0)
    assert first != easy_vqa.draw("test", images, 100, seed=1)
    assert len(set(first)) == 100


def test_draw_of_more_than_there_is() -> None:
    images = sorted(easy_vqa.scenes("test"))[:100]
    most = easy_vqa.capacity("test", images)
    assert len(easy_vqa.draw("test", images, most, seed=0)) == most
    with pytest.raises(ValueError, match=f"ask for at most {most} questions"):
        easy_vqa.draw("test", images, most + 10, seed=0)


def test_problems_share_no_image(problems: list[Problem], config: EasyVQADataset) -> None:
    """By their bytes: with the warm start, and across the splits."""
    warm = {
        easy_vqa.image_bytes("train", question.image_id)
        for question in EasyVQADemonstrations(config.warm_start_images).questions(seed=0)
    }
    train = {p.images[0] for p in problems if p.split == "train"}
    test = {p.images[0] for p in problems if p.split == "test"}
    assert len(warm) > 1000
    assert len(train) > 500
    assert not train & warm
    assert not train & test
    assert not warm & test


def test_ids_are_distinct_and_stable(problems: list[Problem]) -> None:
    assert len({p.problem_id for p in problems}) == len(problems) == 2500
    question = Question("is there a red shape?", "no", 0, "red", False, True)
    assert to_problem("train", question).problem_id == "train-0-is_there_a_red_shape"


def test_chains_lead_to_the_answer(problems: list[Problem]) -> None:
    for problem in problems:
        colour, shape = problem.attributes["colour"], problem.attributes["shape"]
        assert problem.solution is not None
        found = re.fullmatch(r"a (\w+) (\w+)\. asked (\w+)(.*)\.", problem.solution)
        assert found is not None
        seen_colour, seen_shape, asked, rest = found.groups()
        answer = problem.answer
        assert (seen_colour, seen_shape) == (colour, shape)
        if problem.attributes["kind"] == "open":
            assert rest == ""
            assert answer == {"colour": colour, "shape": shape}[asked]
            continue
        seen, relation, wording = re.fullmatch(r", seen (\w+) (\w+), (\w+)", rest).groups()
        assert seen == (colour if asked in COLOURS else shape)
        assert relation == ("same" if asked == seen else "different")
        assert wording == problem.attributes["kind"] == cell(problem.question, answer)[0]
        assert answer == ("yes" if (relation == "same") == (wording == "plain") else "no")


@pytest.mark.parametrize(
    ("question", "relation", "expected"),
    [
        (
            Question("is there not a red shape?", "yes", 0, "red", True, True),
            None,
            "a blue circle. asked red, seen blue different, negated.",
        ),
        (
            Question("is there a circle?", "yes", 0, "circle", False, True),
            None,
            "a blue circle. asked circle, seen circle same, plain.",
        ),
        (
            Question("is there a circle?", "yes", 0, "circle", False, True),
            "different",
            "a blue circle. asked circle, seen circle different, plain.",
        ),
        (
            Question("what shape is present?", "circle", 0, "shape", False, False),
            None,
            "a blue circle. asked shape.",
        ),
    ],
)
def test_chain(question: Question, relation: str | None, expected: str) -> None:
    assert chain(Scene("blue", "circle"), question, relation) == expected


def test_the_wording_alone_does_not_give_the_answer(problems: list[Problem]) -> None:
    train = [p for p in problems if p.split == "train"]
    test = [p for p in problems if p.split == "test"]
    assert blind_baseline(train, test) < 0.5


def test_the_stock_questions_do_give_it_away() -> None:
    """Why they are not taken as they are: "negated -> yes, else no" is right four times in five."""
    closed = [q for q in easy_vqa.questions("test") if q.closed]
    hits = sum((q.answer == "yes") == q.negated for q in closed)
    assert hits / len(closed) > 0.8
