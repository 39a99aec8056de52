"""The base class of benchmarks: rows, prompt, rules and score."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, NamedTuple, Self

from pydantic import Field, field_validator, model_validator

from rlsd_pipeline.components.located import LocatedPath
from rlsd_pipeline.config.endpoint import JudgeConfig
from rlsd_pipeline.config.strict import nearest
from rlsd_pipeline.evaluation.aggregate import by_question
from rlsd_pipeline.evaluation.any_benchmark import AnyBenchmark
from rlsd_pipeline.evaluation.own_rule import OwnRule
from rlsd_pipeline.evaluation.robust import robust_rule
from rlsd_pipeline.evaluation.scored import Mode, Rule, Scored, Summary
from schemas import Problem, Verdict

if TYPE_CHECKING:
    from rlsd_pipeline.artifacts import Artifact
    from rlsd_pipeline.config.experiment import ExperimentConfig
    from rlsd_pipeline.stages.evaluation.benchmark_task import BenchmarkTask
    from rlsd_pipeline.stages.workspace import StageRun

Row = Mapping[str, Any]

ColumnKind = Literal["text", "number", "list", "struct", "image", "images"]
"""What a column holds; a null is allowed everywhere, and text may be a number where it is an id."""


class Split(NamedTuple):
    """A part of a benchmark.

    Attributes:
        hub_split: Its name on the hub, and what its files in a local folder are called.
        rows: How many rows it has, over all configurations; None where any number may come.
        files: Its files on the hub, where their names carry a hash of the rows; they pin the rows
            where no commit is known.
        part_of: The split whose rows it takes, where it has none of its own.
    """

    hub_split: str
    rows: int | None = None
    files: Sequence[str] = ()
    part_of: str | None = None


@cache
def _robust() -> Rule:
    return robust_rule()


class Benchmark(AnyBenchmark):
    """A benchmark whose questions are rows of a table.

    A subclass defines `read`, which turns a row into a problem, and `prompt`. `extract` and
    `compare` read and compare answers, and may be overridden. `rules` offers several rules, such as
    the authors' and the robust one. The score is the accuracy over questions, unless `summarise` is
    overridden. An exception in a user's code names file, line and question.
    """

    hub_id: ClassVar[str] = ""
    """The data set on the hub; without one the rows are in a local `path`."""

    commit: ClassVar[str] = ""
    """The commit that is read; without one, the present commit of `main`."""

    licence: ClassVar[str] = ""
    """Licence of the data."""

    access: ClassVar[str | None] = None
    """How to get access to a gated data set."""

    configs: ClassVar[Sequence[str]] = ()
    """Configurations on the hub that together are the benchmark; empty for a single one."""

    splits: ClassVar[Mapping[str, Split]] = {"test": Split("test")}
    """Name -> split. The first one is the default, and that of the published table."""

    columns: ClassVar[Mapping[str, ColumnKind]] = {}
    """Required column of a row -> the kind of its values."""

    id_column: ClassVar[str] = "id"
    """The column that holds a question's id."""

    images: ClassVar[Sequence[str]] = ()
    """Columns that hold images, in the order of the prompt. Each holds one image, a list of images,
    or null. Without such columns the questions are text."""

    rules: ClassVar[Mapping[Mode, Callable[[], Rule]]] = {}
    """Mode -> a new rule; without any, `extract` and `compare` are the robust rule."""

    labels: ClassVar[Sequence[str]] = ()
    """Attributes of the questions by which the score is broken down."""

    protocol: ClassVar[Sequence[str]] = ()
    """The known differences to the run of the published table."""

    split: str = Field(default="", validate_default=True)
    """The split to evaluate on; by default the first one."""

    mode: Mode = Field(default="robust", validate_default=True)
    """Score as the benchmark's authors do, or without guesses and tolerant of the format."""

    path: LocatedPath | None = None
    """A local folder or file in the official layout; null reads the hub."""

    revision: str | None = None
    """A commit in place of the pinned one."""

    limit: Annotated[int, Field(ge=1)] | None = None
    """Use only this many rows from the start, as a trial; such a score is not comparable."""

    max_pixels: Annotated[int, Field(ge=1024)] = 2_097_152
    """Limit of the pixels of all images of a prompt together; larger images are scaled down."""

    max_prompt_tokens: Annotated[int, Field(ge=1)] = 4096
    """A longer prompt, image tokens included, is refused; the default is the paper's."""

    max_tokens: Annotated[int, Field(ge=1)] = 4096
    """Token limit of one response; the default is the paper's. A longer response counts as
    truncated."""

    judge: JudgeConfig | None = None
    """A model that reads the answers which the rule cannot read; it never sees the gold answer."""

    @field_validator("split")
    @classmethod
    def _is_a_split(cls, split: str) -> str:
        if split and split not in cls.splits:
            raise ValueError(f"there is no split {split!r}; {nearest(split, cls.splits, 'splits')}")
        return split or next(iter(cls.splits))

    @field_validator("mode")
    @classmethod
    def _has_a_rule(cls, mode: Mode) -> Mode:
        known = list(cls.rules) or ["robust"]
        if mode not in known:
            raise ValueError(f"there is no mode {mode!r}; {nearest(mode, known, 'modes')}")
        return mode

    @model_validator(mode="after")
    def _has_rows(self) -> Self:
        if not self.hub_id and self.path is None:
            raise ValueError(
                f"{type(self).__name__} names no `hub_id`: give the `path` of a file with its rows"
            )
        return self

    @abstractmethod
    def read(self, row: Row) -> Problem:
        """A row as a problem without images.

        Its split is the row's own, or `self.split`. `answer` is as in the row, and `attributes`
        hold everything else that the rules need.

        Raises:
            DataError: The row does not fit the benchmark.
        """

    @abstractmethod
    def prompt(self, problem: Problem) -> str:
        """The prompt of a problem."""

    def extract(self, response: str, problem: Problem) -> str | None:
        """The answer of a response in any usual convention; None without one."""
        return _robust().extract(response, problem)

    def compare(self, answer: str, problem: Problem) -> bool | tuple[Verdict, str | None]:
        """Whether an answer equals the gold answer, by choice or by the kind of the answer.

        It may return a verdict with a reason instead.
        """
        return _robust().compare(answer, problem)

    def guesses(self, problem: Problem) -> Sequence[str]:
        """The answers from which the official rule guesses if it finds none."""
        return ()

    def summarise(self, scored: Sequence[Scored], confidence: float) -> Summary:
        """The score of some verdicts, with its interval and its breakdown by label."""
        return by_question(*self.labels)(scored, confidence)

    def rule(self) -> Rule:
        """The rule that reads and compares answers in the declared mode."""
        return self.rules[self.mode]() if self.rules else OwnRule(self)

    @property
    def read_revision(self) -> str:
        """The commit that is read from the hub."""
        return self.revision or self.commit or "main"

    def pinned(self) -> Self:
        """The same benchmark, with a branch or tag resolved to its commit.

        Raises:
            ConfigError: The revision cannot be resolved.
        """
        revision = self.revision or ("" if self.commit else "main")
        if self.path is not None or not revision:
            return self
        from rlsd_pipeline.identity.hub import hub_commit

        commit = hub_commit(self.hub_id, revision, "dataset")
        return self.model_copy(update={"revision": commit})

    @property
    def items(self) -> str:
        """The stage that holds its rows."""
        return f"benchmark_items.{self.name}"

    def items_at(self, run: StageRun) -> Artifact:
        """Its rows, read if they are missing."""
        from rlsd_pipeline.stages.evaluation.benchmark_items import BenchmarkItemsStage

        return BenchmarkItemsStage(benchmark=self).here(run)

    def test(self, run: StageRun, items: Artifact) -> BenchmarkTask:
        """Every row, judged by the declared rule."""
        from rlsd_pipeline.stages.evaluation.public_benchmark import PublicTest

        return PublicTest(run, self, items)

    def questions(self, experiment: ExperimentConfig) -> int | None:
        """Rows of the split, or the first of them."""
        rows = self.splits[self.split].rows
        return rows if rows is None or self.limit is None else min(rows, self.limit)

    def response_tokens(self, experiment: ExperimentConfig) -> int:
        """The declared token limit."""
        return self.max_tokens
