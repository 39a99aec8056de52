"""Coverage of the intervals of a fidelity, over simulated tables.

    python -m benchmarks.fidelity_coverage [TABLES [PROBLEMS...]] [--record FILE]

Each table has fresh problems of a policy whose values are enumerated (tests/enumerated_policy.py),
fresh responses and fresh continuations. The true fidelity is that over all problems.
"""

import argparse

import numpy as np

from benchmarks.records import add_record, keep
from rlsd_pipeline.credit.fidelity import fidelities
from tests.enumerated_policy import Table, Tree

COMMAND = "python -m benchmarks.fidelity_coverage"
PROBLEMS = (16, 32, 64)
_MANY = 20_000
"""Problems from which the true fidelity is computed."""


def main() -> None:
    """Print the coverage of nominal 95 % intervals."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tables", type=int, nargs="?", default=1000, help="simulated a size")
    parser.add_argument("problems", type=int, nargs="*", default=PROBLEMS, help="of a table")
    add_record(parser)
    given = parser.parse_args()
    tables, sizes = given.tables, given.problems
    rng = np.random.default_rng(0)
    many = Table(rng, [Tree(rng) for _ in range(_MANY)])
    true = {name: angle(credit, many.true) for name, credit in many.credits.items()}
    said = {"grpo": "credit like GRPO's", "noisy": "near credit"}
    heads = [f"{said[name]} ({true[name]:.2f})".replace("0.", ".") for name in true]
    rows = []
    for problems in sizes:
        rows.append([problems, *_coverage(rng, problems, tables, true)])
        print(*rows[-1], flush=True)
    columns = [(head, "{:.3f}") for head in [*heads, "their difference"]]
    keep(given.record, COMMAND, [("problems", "{}"), *columns], rows, leading_zero=False)


def _coverage(
    rng: np.random.Generator, problems: int, tables: int, true: dict[str, float]
) -> list[float]:
    held = dict.fromkeys([*true, "difference"], 0)
    for _ in range(tables):
        table = Table(rng, [Tree(rng) for _ in range(problems)])
        found = fidelities(table.credits, table.measured, "grpo")
        for name, one in found.items():
            held[name] += one.value is not None and one.value.low <= true[name] <= one.value.high
        between, gap = found["noisy"].difference, true["noisy"] - true["grpo"]
        held["difference"] += between is not None and between.low <= gap <= between.high
    return [count / tables for count in held.values()]


def angle(credit: np.ndarray, true: np.ndarray) -> float:
    """Cosine of a credit with the true advantages."""
    return float(credit @ true / np.linalg.norm(credit) / np.linalg.norm(true))


if __name__ == "__main__":
    main()
