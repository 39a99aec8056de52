"""Coverage of the intervals of a fidelity, over simulated tables.

    python -m benchmarks.fidelity_coverage [TABLES [PROBLEMS...]]

Each table has fresh problems of a policy whose values are enumerated (tests/enumerated_policy.py),
fresh responses and fresh continuations. The true fidelity is that over all problems.
"""

import argparse

import numpy as np

from rlsd_pipeline.credit.fidelity import fidelities
from tests.enumerated_policy import Table, Tree

PROBLEMS = (16, 32, 64)
_MANY = 20_000
"""Problems from which the true fidelity is computed."""


def main() -> None:
    """Print the coverage of nominal 95 % intervals."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tables", type=int, nargs="?", default=1000, help="simulated a size")
    parser.add_argument("problems", type=int, nargs="*", default=PROBLEMS, help="of a table")
    given = parser.parse_args()
    tables, sizes = given.tables, given.problems
    rng = np.random.default_rng(0)
    many = Table(rng, [Tree(rng) for _ in range(_MANY)])
    true = {name: angle(credit, many.true) for name, credit in many.credits.items()}
    print("| problems | " + " | ".join(f"{n} ({true[n]:.3f})" for n in true) + " | difference |")
    print("|---|" + "---|" * (len(true) + 1))
    for problems in sizes:
        print(f"| {problems} | " + " | ".join(_coverage(rng, problems, tables, true)) + " |")


def _coverage(
    rng: np.random.Generator, problems: int, tables: int, true: dict[str, float]
) -> list[str]:
    held = dict.fromkeys([*true, "difference"], 0)
    for _ in range(tables):
        table = Table(rng, [Tree(rng) for _ in range(problems)])
        found = fidelities(table.credits, table.measured, "grpo")
        for name, one in found.items():
            held[name] += one.value is not None and one.value.low <= true[name] <= one.value.high
        between, gap = found["noisy"].difference, true["noisy"] - true["grpo"]
        held["difference"] += between is not None and between.low <= gap <= between.high
    return [f"{count / tables:.3f}" for count in held.values()]


def angle(credit: np.ndarray, true: np.ndarray) -> float:
    """Cosine of a credit with the true advantages."""
    return float(credit @ true / np.linalg.norm(credit) / np.linalg.norm(true))


if __name__ == "__main__":
    main()
