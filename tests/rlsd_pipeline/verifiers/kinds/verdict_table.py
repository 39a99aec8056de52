"""Precision and recall of the verifier by kind of answer; `make verdict-table` prints them."""

from collections.abc import Iterator
from typing import NamedTuple

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
    """Print the table as Markdown."""
    verifier = MixedVerifier()
    rows = [(pair.kind, pair.right, accepted(verifier, pair)) for pair in pairs()]
    print("| kind | pairs | right | accepted | precision | recall |\n|---|---|---|---|---|---|")
    for kind in [*EXAMPLES, "all"]:
        of_kind = [(right, found) for name, right, found in rows if kind in (name, "all")]
        right, found = sum(r for r, _ in of_kind), sum(f for _, f in of_kind)
        both = sum(r and f for r, f in of_kind)
        shares = f"{both / found:.3f} | {both / right:.3f}"
        print(f"| {kind} | {len(of_kind)} | {right} | {found} | {shares} |")


if __name__ == "__main__":
    main()
