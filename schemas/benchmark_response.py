"""The responses of a policy to a benchmark, their verdicts, and the score of each question."""

from typing import Annotated, Any, ClassVar

from pydantic import Field, FiniteFloat

from schemas.record import NonEmpty, Record
from schemas.reward import Verdict

Count = Annotated[int, Field(ge=0)]
Share = Annotated[FiniteFloat, Field(ge=0, le=1)]


class BenchmarkResponse(Record):
    """What a policy said to a question, before anything judged it."""

    key: ClassVar[tuple[str, ...]] = ("problem_id", "sample_index")

    problem_id: NonEmpty
    """The question."""

    sample_index: Count
    """Which of the responses to it, from 0."""

    completion: str
    """The response as text."""

    tokens: Count
    """Its length, the end token included."""

    truncated: bool
    """Whether the token limit ended it."""

    example: ClassVar[dict[str, Any]] = {
        "problem_id": "easy_vqa/test/4",
        "sample_index": 0,
        "completion": "<answer>circle</answer>",
        "tokens": 9,
        "truncated": False,
    }


class ItemVerdict(Record):
    """The verdict on one response to one question of a benchmark."""

    schema_version: ClassVar[int] = 2

    key: ClassVar[tuple[str, ...]] = ("problem_id", "sample_index")

    problem_id: NonEmpty
    """The question."""

    sample_index: Count
    """Which of the responses to it, from 0."""

    completion: str
    """The response as text."""

    extracted: str | None
    """The answer read from it; null where none could be."""

    verdict: Verdict
    """What the verifier found; the same verifier that gives the rewards."""

    guessed: bool
    """Whether the official rule found no answer and drew one by chance."""

    judged: Verdict | None
    """What the same verifier finds on the answer that a judge read; null where none was asked."""

    attributes: dict[str, str]
    """Labels by which the score is broken down, such as the outcome of each step."""

    example: ClassVar[dict[str, Any]] = {
        "problem_id": "easy_vqa/test/4",
        "sample_index": 0,
        "completion": "<answer>circle",
        "extracted": "circle",
        "verdict": Verdict.CORRECT,
        "guessed": False,
        "judged": None,
        "attributes": {"kind": "shape"},
    }


class QuestionScore(Record):
    """What one unit of a benchmark contributes; the score is the mean over the units."""

    key: ClassVar[tuple[str, ...]] = ("unit_id",)

    unit_id: NonEmpty
    """A question, or a group of questions that the benchmark scores as one."""

    score: Share
    """Its contribution: the share of correct responses, or the group's points."""

    cluster: NonEmpty
    """What the unit is not independent of; the unit itself where it is."""

    example: ClassVar[dict[str, Any]] = {
        "unit_id": "easy_vqa/test/4",
        "score": 0.75,
        "cluster": "easy_vqa/test/4",
    }
