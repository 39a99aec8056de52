"""The responses of a policy to a benchmark, their verdicts, and the score of each question."""

from typing import Annotated, Any, ClassVar

from pydantic import Field, FiniteFloat

from schemas.record import NonEmpty, Record
from schemas.reward import Verdict

Count = Annotated[int, Field(ge=0)]
Share = Annotated[FiniteFloat, Field(ge=0, le=1)]


class BenchmarkResponse(Record):
    """One response of a policy to a benchmark's question, before it is judged."""

    key: ClassVar[tuple[str, ...]] = ("problem_id", "sample_index")

    problem_id: NonEmpty
    """The question."""

    sample_index: Count
    """Index of the response among those to the question, from 0."""

    completion: str
    """The response as text."""

    tokens: Count
    """Tokens of the response, including the end token."""

    truncated: bool
    """Whether the token limit ended the response."""

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
    """Index of the response among those to the question, from 0."""

    completion: str
    """The response as text."""

    extracted: str | None
    """The answer that was read from the response; null if none could be read."""

    verdict: Verdict
    """The verdict of the benchmark's rule."""

    guessed: bool
    """Whether the official rule found no answer and guessed one."""

    judged: Verdict | None
    """The verdict on the answer that a judge read; null without a judge."""

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
    """The score of one unit of a benchmark; the benchmark's score is the mean over the units."""

    key: ClassVar[tuple[str, ...]] = ("unit_id",)

    unit_id: NonEmpty
    """A question, or a group of questions that the benchmark scores as one."""

    score: Share
    """Score of the unit: the share of correct responses, or the group's points."""

    cluster: NonEmpty
    """Cluster of units that are not independent; an independent unit is its own cluster."""

    example: ClassVar[dict[str, Any]] = {
        "unit_id": "easy_vqa/test/4",
        "score": 0.75,
        "cluster": "easy_vqa/test/4",
    }
