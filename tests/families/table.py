"""The table of docs/models.md: `python -m tests.families.table` writes it."""

import tempfile
from datetime import UTC, datetime
from pathlib import Path

import torch
import transformers

from rlsd_pipeline.models.policy import Policy
from tests.families.families import FAMILIES
from tests.families.journey import STEPS, Outcome, go

DOCUMENT = Path(__file__).parents[2] / "docs" / "models.md"

HEADER = ("family", "images", "shared prefix", *STEPS, "what it says where something does not work")


def row(name: str, policy: Policy, outcome: Outcome) -> str:
    """One model's line."""
    images = "yes" if policy.reads_images else "no"
    shared = "yes" if outcome.shares_prefix else "no"
    steps = ["yes" if step in outcome.done else "no" for step in STEPS]
    failure = [] if outcome.failure is None else [str(outcome.failure)]
    said = " ".join(" ".join([*outcome.warnings, *failure]).split())
    return line((name, images, shared, *steps, said.replace("|", "\\|")))


def line(cells: tuple[str, ...]) -> str:
    """A line of a Markdown table."""
    return f"| {' | '.join(cells)} |".replace("|  |", "| |")


def tried() -> list[str]:
    """The lines of all families."""
    lines = []
    for family in FAMILIES:
        policy = family.policy()
        with tempfile.TemporaryDirectory() as folder:
            lines.append(row(family.name, policy, go(policy, Path(folder))))
    return lines


def main() -> None:
    """Write the table into the document, between its marks."""
    before, begins, rest = DOCUMENT.read_text().partition("<!-- table -->\n")
    _, ends, after = rest.partition("<!-- end -->")
    lines = [
        f"{datetime.now(UTC):%Y-%m-%d}, transformers {transformers.__version__}, "
        f"torch {torch.__version__.partition('+')[0]}:",
        "",
        line(HEADER),
        line(("---",) * len(HEADER)),
        *tried(),
    ]
    table = "\n".join(lines)
    DOCUMENT.write_text(f"{before}{begins}\n{table}\n\n{ends}{after}")
    print(table)


if __name__ == "__main__":
    main()
