"""Precision and recall of the phrase detector, by what the teacher was shown.

    python -m tests.rlsd_pipeline.diagnostics.leakage.detector_table [--data FOLDER] [--record FILE]

`texts.jsonl` holds what policies write: leaking and clean responses in the words of each privileged
context. A third is held out: no pattern was made or changed by looking at what the detector makes
of them. With `--data`, public outputs of models that were shown no reference are a row more.
"""

import argparse
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from benchmarks.records import Cell, add_record, measured, write
from rlsd_pipeline.diagnostics.leakage.mentions import find_mentions

CONTEXTS = ("answer", "solution", "sibling", "feedback")


class Text(NamedTuple):
    """One response, and whether it speaks of what nobody showed the student."""

    context: str
    leaks: bool
    held_out: bool
    text: str


class Rates(NamedTuple):
    """What the detector makes of some texts."""

    leaking: int
    found: int
    clean: int
    false: int

    @property
    def recall(self) -> float:
        """Share of the leaking texts that it finds."""
        return self.found / self.leaking

    @property
    def precision(self) -> float:
        """Share of what it finds that leaks."""
        return self.found / (self.found + self.false)


def read_texts() -> list[Text]:
    """All texts of the file."""
    lines = Path(__file__).with_name("texts.jsonl").read_text(encoding="utf-8").splitlines()
    return [Text(**json.loads(line)) for line in lines]


def rates(texts: Iterable[Text]) -> Rates:
    """What the detector makes of these texts."""
    judged = [(text.leaks, bool(find_mentions(text.text))) for text in texts]
    return Rates(
        leaking=sum(leaks for leaks, _ in judged),
        found=sum(leaks and found for leaks, found in judged),
        clean=sum(not leaks for leaks, _ in judged),
        false=sum(found and not leaks for leaks, found in judged),
    )


def public_outputs(data: Path) -> list[str]:
    """MathVision's public responses.

    Args:
        data: The folder of benchmark data.
    """
    outputs = sorted((data / "mathvision" / "outputs").glob("*.jsonl"))
    lines = [line for path in outputs for line in path.read_text(encoding="utf-8").splitlines()]
    return [json.loads(line)["response"] for line in lines]


def table_rows(data: Path | None) -> Iterator[list[Cell]]:
    """A row a context, all held-out texts, and the public outputs if they are there."""
    texts = read_texts()
    for context in CONTEXTS:
        found = rates(text for text in texts if text.context == context)
        yield _row(context, found)
    yield _row("held out, all contexts", rates(text for text in texts if text.held_out))
    if data:
        responses = public_outputs(data)
        false = sum(bool(find_mentions(text)) for text in responses)
        name = "public MathVision outputs of eight models, shown no reference"
        yield [name, "", [false, len(responses)]]


def main() -> None:
    """Print a line a row, and keep them if `--record FILE` says so."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="the folder of benchmark data")
    add_record(parser)
    given = parser.parse_args()
    columns = [("texts", "{}"), ("recall", "{} of {} ({:.2f})"), ("false positives", "{} of {:,}")]
    rows = list(table_rows(given.data))
    record = measured("make leak-detector", columns, rows, leading_zero=False)
    print(record.block())
    if given.record:
        write(given.record, record)


def _row(name: str, found: Rates) -> list[Cell]:
    recall = (found.found, found.leaking, found.recall)
    return [name, recall, (found.false, found.clean)]


if __name__ == "__main__":
    main()
