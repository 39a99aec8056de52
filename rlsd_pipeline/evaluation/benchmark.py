"""What a public benchmark is: its rows, its prompt, and how its authors and we score it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Protocol

from rlsd_pipeline.evaluation.intervals import Estimate
from schemas import BreakdownScore, Problem, Verdict

Mode = Literal["official", "robust"]
"""`official` scores as the benchmark's authors do; `robust` never guesses and never lets chance
or a formatting habit decide."""

CLUSTER = "cluster"
"""Attribute of a problem that names what it is not independent of."""

Row = Mapping[str, Any]


class Rule(Protocol):
    """Reads the answer of a response and compares it with the gold one.

    Both are pure: the same response gives the same outcome in any thread, process or order.
    """

    def extract(self, response: str, problem: Problem) -> str | None:
        """The answer; None where the rule finds none."""

    def compare(self, answer: str, problem: Problem) -> tuple[Verdict, str | None]:
        """The verdict on an extracted answer, with a reason where it is not a judgement."""


class Split(NamedTuple):
    """A part of a benchmark.

    Attributes:
        hub_split: Its name on the hub.
        rows: How many rows it has, over all configurations.
        files: Its files on the hub, where their names carry a hash of the rows; they pin the rows
            where no commit is known.
        part_of: The split whose rows it takes, where it has none of its own.
    """

    hub_split: str
    rows: int
    files: Sequence[str] = ()
    part_of: str | None = None


class Scored(NamedTuple):
    """One response with its verdict.

    Attributes:
        problem: The question.
        sample_index: Which of the responses to it, from 0.
        response: The response; empty where only an extraction was given.
        extracted: The answer read from it.
        verdict: What the rule says; a guess of the official rule is right or wrong as well.
        guessed: Whether the official rule drew the answer by chance.
        reason: Why there is no judgement.
    """

    problem: Problem
    sample_index: int
    response: str
    extracted: str | None
    verdict: Verdict
    guessed: bool = False
    reason: str | None = None


class Summary(NamedTuple):
    """What a benchmark makes of its verdicts.

    Attributes:
        score: The benchmark's own score in [0, 1] with its interval.
        breakdown: Label, such as `subject=algebra` -> its part; the authors' own breakdown.
        question_scores: Cluster or question id -> its contribution; their mean is the score, so
            two policies are compared pair by pair on them.
    """

    score: Estimate
    breakdown: Mapping[str, BreakdownScore]
    question_scores: Mapping[str, float]


Summarise = Callable[[Sequence[Scored], float], Summary]
"""Verdicts and the coverage of the intervals -> the summary."""


@dataclass(frozen=True)
class Benchmark:
    """A public benchmark.

    Attributes:
        name: How it is declared, such as `mathvista`.
        title: Its name in the published table.
        hub_id: The data set on the hub.
        revision: The commit that is read.
        licence: Of the data.
        splits: Name -> split; the first is the one that the published table speaks of.
        columns: Column of a row that must be there -> what its values must be.
        id_column: The one that holds a question's id.
        read: A row as a problem without images, with the split that the row itself tells, `answer`
            as the row gives it, labels and everything that the rules need in `attributes`.
        images: Columns that hold images, in the order in which the prompt speaks of them; each
            holds one image, a list of them, or null.
        prompt: What a policy is asked.
        rules: Mode -> its rule, made anew.
        summarise: From verdicts to the score.
        configs: Configurations on the hub that together are the benchmark; none for a single one.
        guesses: What the official rule chooses from, by chance, where it finds no answer.
        access: How to get access where the data set is gated.
        protocol: What differs from the published table's run, as far as it is known.
    """

    name: str
    title: str
    hub_id: str
    revision: str
    licence: str
    splits: Mapping[str, Split]
    columns: Mapping[str, "ColumnKind"]
    id_column: str
    read: Callable[[Row], Problem]
    images: Sequence[str]
    prompt: Callable[[Problem], str]
    rules: Mapping[Mode, Callable[[], Rule]]
    summarise: Summarise
    configs: Sequence[str] = ()
    guesses: Callable[[Problem], Sequence[str]] | None = None
    access: str | None = None
    protocol: Sequence[str] = field(default_factory=tuple)


ColumnKind = Literal["text", "number", "list", "struct", "image", "images"]
"""What a column holds; a null is allowed everywhere, and text may be a number where it is an id."""
