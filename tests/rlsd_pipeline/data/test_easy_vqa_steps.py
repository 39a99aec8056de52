import pytest

from rlsd_pipeline.data.easy_vqa_steps import easy_vqa_steps
from schemas import Problem


def problem(kind: str, asked: str) -> Problem:
    """About a blue circle."""
    return Problem.model_validate(
        {
            **Problem.example,
            "attributes": {"colour": "blue", "shape": "circle", "asked": asked, "kind": kind},
        }
    )


def steps(kind: str, asked: str, completion: str, extracted: str | None) -> dict[str, str]:
    found = easy_vqa_steps(completion, extracted, problem(kind, asked))
    return {name.removeprefix("step:"): outcome for name, outcome in found.items()}


@pytest.mark.parametrize(
    ("kind", "asked", "completion", "extracted", "expected"),
    [
        # All right: circle is asked for and seen, plain, so yes.
        (
            "plain",
            "circle",
            "a blue circle. asked circle, seen circle same, plain.",
            "yes",
            {"perceive": "right", "compare": "right", "negate": "right"},
        ),
        # The same, but negated: no is right, yes has ignored the negation.
        (
            "negated",
            "circle",
            "a blue circle. asked circle, seen circle same, negated.",
            "no",
            {"perceive": "right", "compare": "right", "negate": "right"},
        ),
        (
            "negated",
            "circle",
            "a blue circle. asked circle, seen circle same, negated.",
            "yes",
            {"perceive": "right", "compare": "right", "negate": "wrong"},
        ),
        # Different and negated: yes.
        (
            "negated",
            "red",
            "a blue circle. asked red, seen blue different, negated.",
            "yes",
            {"perceive": "right", "compare": "right", "negate": "right"},
        ),
        # It sees a red circle and compares rightly with that: one mistake, not two.
        (
            "plain",
            "red",
            "a red circle. asked red, seen red same, plain.",
            "yes",
            {"perceive": "wrong", "compare": "right", "negate": "right"},
        ),
        # It sees rightly and compares wrongly; the answer follows from what it said.
        (
            "plain",
            "red",
            "a blue circle. asked red, seen blue same, plain.",
            "yes",
            {"perceive": "right", "compare": "wrong", "negate": "right"},
        ),
        # No answer: the last step is missing, the ones before are judged.
        (
            "plain",
            "circle",
            "a blue circle. asked circle, seen circle same, pl",
            None,
            {"perceive": "right", "compare": "right", "negate": "missing"},
        ),
        # It never compares, so nothing can follow from it.
        ("plain", "circle", "a blue circle.", "yes", {"perceive": "right", "compare": "missing"}),
        # It never says what it sees: the comparison cannot be judged, the answer can.
        ("plain", "circle", "same", "no", {"perceive": "missing", "negate": "wrong"}),
        ("plain", "circle", "", "yes", {"perceive": "missing"}),
        # Open questions have but one step.
        ("open", "colour", "a blue circle. asked colour.", "blue", {"perceive": "right"}),
        ("open", "colour", "a blue triangle. same", "blue", {"perceive": "wrong"}),
        # The mention of a reference is no perception.
        (
            "open",
            "shape",
            "the reference says circle. a blue circle. asked shape.",
            "circle",
            {"perceive": "right"},
        ),
    ],
)
def test_each_step_given_the_ones_before(
    kind: str, asked: str, completion: str, extracted: str | None, expected: dict[str, str]
) -> None:
    assert steps(kind, asked, completion, extracted) == expected
