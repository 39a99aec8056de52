r"""ZeroBench (Roberts et al., 2025): 334 subquestions of 100 questions that are hard to see.

The official rule reads the last braces, also those of a LaTeX command: of `\frac{1}{2}` it reads 2.
The robust rule ignores the braces of LaTeX commands.
"""

import re
from typing import Literal

from rlsd_pipeline.evaluation.benchmark import Benchmark, Row, Split
from rlsd_pipeline.evaluation.benchmarks.braces import braced
from rlsd_pipeline.evaluation.benchmarks.plain_number import plain_number
from rlsd_pipeline.evaluation.robust import robust_rule
from rlsd_pipeline.evaluation.scored import CLUSTER
from rlsd_pipeline.verifiers.exact import normalise
from rlsd_pipeline.verifiers.extractions.answer_tag import AnswerTag
from schemas import Problem, Verdict

_INSTRUCTION = (
    "\n\n\nLet's think step by step and give the final answer in curly braces, "
    "like this: {final answer}"
)
_ECHO = "final answer"
_THOUGHT_ENDS = "</think>"

_OFFICIAL = re.compile(r"\{([^}]*)\}")
_LEADING_ZERO = re.compile(r"[+-]?0\d+")


class ZeroBenchOfficial:
    """The rule of the data set's card: the last braces, compared word for word."""

    def extract(self, response: str, problem: Problem) -> str | None:
        r"""What `\{(.*?)\}` finds last, in lower case, in time linear in the response."""
        for line in reversed(response.strip().lower().split("\n")):
            # Without a brace that closes, each that opens would be searched to the end.
            if found := _OFFICIAL.findall(line[: line.rfind("}") + 1]):
                return str(found[-1])
        return None

    def compare(self, answer: str, problem: Problem) -> tuple[Verdict, str | None]:
        """Compare up to case; blanks inside the braces count."""
        same = answer.lower() == problem.answer.strip().lower()
        return (Verdict.CORRECT if same else Verdict.INCORRECT), None


class ZeroBenchRobust:
    """The answer in balanced braces, or in another usual convention; equal numbers are equal."""

    def __init__(self) -> None:
        self._rule = robust_rule()

    def extract(self, response: str, problem: Problem) -> str | None:
        """The final answer; braces in a thought give none, and a tag goes before braces."""
        said = response.rpartition(_THOUGHT_ENDS)[2]
        if said.lstrip().startswith("<think>"):
            return None
        if tagged := AnswerTag().extract(said):
            return braced(tagged, _ECHO) or tagged
        return braced(said, _ECHO) or self._rule.extract(response, problem)

    def compare(self, answer: str, problem: Problem) -> tuple[Verdict, str | None]:
        """Compare by words, or as mathematics where the gold answer is a number."""
        if normalise(answer) == normalise(problem.answer):
            return Verdict.CORRECT, None
        expected, found = plain_number(problem.answer), plain_number(answer)
        # A code such as 007 is not the number 7.
        if expected is None or _LEADING_ZERO.fullmatch(problem.answer.strip()):
            return Verdict.INCORRECT, None
        if found is None:
            return self._rule.compare(answer, problem)
        return (Verdict.CORRECT if expected == found else Verdict.INCORRECT), None


class ZeroBench(Benchmark):
    """ZeroBench; gated, so its terms must be accepted on the hub."""

    type: Literal["zerobench"] = "zerobench"

    title = "ZeroBench"
    hub_id = "jonathan-roberts1/zerobench"
    commit = "8fcdfd9138c802cac52b774b36946e70f738f500"
    licence = "MIT; gated, and it carries a canary: never publish its rows"
    access = (
        "ZeroBench is gated: open https://huggingface.co/datasets/jonathan-roberts1/zerobench, "
        "log in and accept its terms, then run `hf auth login` or set HF_TOKEN to a token of "
        "that account"
    )
    splits = {
        "subquestions": Split("zerobench_subquestions", 334),
        "main": Split("zerobench", 100),
    }
    columns = {"question_id": "text", "question_text": "text", "question_answer": "text"}
    id_column = "question_id"
    images = ("question_images_decoded",)
    rules = {"official": ZeroBenchOfficial, "robust": ZeroBenchRobust}
    protocol = (
        "The published table's figures are multiples of 1/334: it reports the subquestions.",
        "The authors report the mean of five samples at temperature 0.7 and top-p 0.95; the "
        "release, and most cells of the published table, one sample a question.",
        "The harness that the table most likely used accepts a gold answer anywhere inside the "
        "braces, which is looser than the authors' rule.",
    )

    def read(self, row: Row) -> Problem:
        """A row of either split; the subquestions of a question form a cluster."""
        question_id = str(row["question_id"])
        main, _, sub = question_id.rpartition("_")
        return Problem(
            problem_id=question_id,
            split="subquestions" if main else "main",
            question=row["question_text"],
            images=[],
            answer=row["question_answer"],
            solution=None,
            choices=[],
            attributes={CLUSTER: main or sub},
        )

    def prompt(self, problem: Problem) -> str:
        """The question with the instruction of the paper's appendix A."""
        return problem.question + _INSTRUCTION
