"""The fidelity tables of README.md and docs/credit.md are those of the record."""

import json
from pathlib import Path

import pytest

from benchmarks.fidelity_tables import (
    ABOUT,
    DOCUMENTS,
    ITERATIONS,
    RECORD,
    differences,
    every,
    fidelities,
    short,
    with_tables,
)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_the_tables_are_those_of_the_record(document: Path) -> None:
    text = document.read_text()
    assert with_tables(text, DOCUMENTS[document], json.loads(RECORD.read_text())) == text


def ends(value: float, low: float, high: float) -> dict[str, float]:
    return {"value": value, "low": low, "high": high}


def found() -> dict[str, object]:
    """The second iteration orders the methods; undecayed RLSD is no row of its own before."""
    numbers = {
        name: {"fidelity": ends(0.5 - 0.01 * k, 0.1, 1.02), "difference": ends(-0.0204, -0.1, 0.1)}
        for k, name in enumerate(ABOUT)
    }
    numbers["grpo"]["fidelity"] = ends(0.9, 0.8, 1.0)
    numbers["rlsd"]["difference"] = ends(0.0, 0.0, 0.0)
    numbers["sft"]["difference"] = ends(0.0004, -0.0, 0.1)
    first = {name: of for name, of in numbers.items() if name != "rlsd, λ undecayed"}
    return {
        "iterations": {
            str(at): {"reliability": 0.351, "methods": first if at == 0 else numbers}
            for at in ITERATIONS
        }
    }


def test_numbers_are_short() -> None:
    lines = fidelities(found())
    assert lines[:3] == [
        "| credit | iteration 0 | 10 | 40 | 49 |",
        "|---|---|---|---|---|",
        "| `grpo` | .90 [.80, 1.00] | .90 [.80, 1.00] | .90 [.80, 1.00] | .90 [.80, 1.00] |",
    ]
    assert "| `rlsd`, λ undecayed | .42 [.10, 1.02] | .43 [.10, 1.02]" in lines[10]
    assert lines[-1] == "| *reliability of the halves* | .35 | .35 | .35 | .35 |"
    assert short(found())[4].startswith("| GRPO | .90 [")


def test_differences_have_signs() -> None:
    lines = {line.split(" | ")[0]: line.split(" | ")[1] for line in differences(found())[2:]}
    assert lines["| `opsd`"] == "−.020 [−.100, +.100]"
    assert lines["| `rlsd`"] == "0"
    assert lines["| `sft`"] == "+.000 [+.000, +.100]"
    assert "| `grpo`" not in lines


def test_every_method_says_where_its_credit_lies() -> None:
    one = {
        "fidelity": ends(0.37, 0.35, 0.4),
        "within": ends(-0.05, -0.11, 0.0),
        "segments": {"reasoning": 0.75, "answer": 0.05, "format": 0.2},
        "sign": 1.0,
    }
    none = {"fidelity": None, "within": None, "segments": {}, "sign": None}
    assert every({"every": {"vine": none, "grpo": one}}) == [
        "| credit | fidelity | within responses | reasoning / answer / format | sign |",
        "|---|---|---|---|---|",
        "| `grpo` | .37 [.35, .40] | −.05 [−.11, .00] | .75 / .05 / .20 | 1.00 |",
        "| `vine` | – | – | – / – / – | – |",
    ]
