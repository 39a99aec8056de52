"""Precision and recall of the verifier by kind of answer; `make verdict-table` prints them."""

import argparse
from collections.abc import Iterator
from typing import NamedTuple

from benchmarks.records import add_record, keep
from rlsd_pipeline.tables.documents import markdown_table
from rlsd_pipeline.verifiers.mixed import MixedVerifier
from rlsd_pipeline.verifiers.verifier import Verifier
from schemas.problem import Problem
from schemas.reward import Verdict
from tests.rlsd_pipeline.verifiers.kinds.examples.example import Example
from tests.rlsd_pipeline.verifiers.kinds.examples.numbers import NUMBERS
from tests.rlsd_pipeline.verifiers.kinds.examples.structures import STRUCTURES

EXAMPLES: dict[str, list[Example]] = {**NUMBERS, **STRUCTURES}


class Pair(NamedTuple):
    """A gold answer, an answer to it, and whether that is right."""

    kind: str
    problem: Problem
    answer: str
    right: bool

    @property
    def name(self) -> str:
        """The pair as a test is called."""
        return f"{self.kind}: {self.problem.answer} ? {self.answer}"


def pairs() -> Iterator[Pair]:
    """All examples, pair by pair."""
    for kind, examples in EXAMPLES.items():
        for example in examples:
            problem = Problem(
                problem_id="p",
                split="test",
                question=example.question,
                images=[],
                answer=example.gold,
                solution=None,
                choices=list(example.choices),
                attributes={},
            )
            for answer in example.right:
                yield Pair(kind, problem, answer, True)
            for answer in example.wrong:
                yield Pair(kind, problem, answer, False)


def accepted(verifier: Verifier, pair: Pair) -> bool:
    """Whether the verifier takes the answer to be right."""
    return verifier.verify(f"<answer>{pair.answer}</answer>", pair.problem).verdict is (
        Verdict.CORRECT
    )


def main() -> None:
    """Print the table as Markdown, and keep it if `--record FILE` says so."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_record(parser)
    given, verifier = parser.parse_args(), MixedVerifier()
    found = [(pair.kind, pair.right, accepted(verifier, pair)) for pair in pairs()]
    rows: list[list[str | float]] = []
    for kind in [*EXAMPLES, "all"]:
        of_kind = [(right, takes) for name, right, takes in found if kind in (name, "all")]
        right, takes = sum(r for r, _ in of_kind), sum(t for _, t in of_kind)
        both = sum(r and t for r, t in of_kind)
        rows.append([kind, len(of_kind), right, takes, both / takes, both / right])
    counts = [(head, "{}") for head in ("kind", "pairs", "right", "accepted")]
    columns = [*counts, ("precision", "{:.3f}"), ("recall", "{:.3f}")]
    keep(given.record, "make verdict-table", columns, rows)
    print(markdown_table([head for head, _ in columns], [[f"{c}" for c in row] for row in rows]))


if __name__ == "__main__":
    main()
