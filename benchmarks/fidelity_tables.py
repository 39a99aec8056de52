"""The fidelity of the methods along one training: tables of docs/credit.md, compare.md, README.md.

    python -m benchmarks.fidelity_tables [--record]

It measures what the store does not have of `easy_vqa` (after `make demo`), and keeps every number
in docs/credit/fidelity.json. With `--record`, it writes the tables again from that file alone. The
table of all methods, in docs/compare.md, is of one iteration, and reads columns that only
`rlsd compare --columns` computes.
"""

import argparse
import datetime
import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.timing import ROOT
from rlsd_pipeline.tables.documents import markdown_table
from schemas import Interval

RECORD = ROOT / "docs" / "credit" / "fidelity.json"
EXPERIMENT, ARM, ITERATIONS = "easy_vqa", "rlsd-s0", (0, 10, 40, 49)
PROMPTS = 128
"""An update of the demo has 16 problems, too few for narrow intervals."""

Found = Mapping[str, Any]
"""The record: date, and iteration -> reliability, and method -> its intervals."""

ABOUT = {
    "prefix_tree, branches only": "",
    "surprisal": ": A × −log π, mean 1 a response",
    "opsd": ": Δ alone",
    "sdpo": ": Δ alone, groups with a success",
    "ktae": ": A and the token's presence in the group",
    "prefix_tree": ": A and the group's branches",
    "grpo_opsd": "",
    "rlsd, λ undecayed": "",
    "rlsd": "",
    "rlsd_adaptive": "",
    "grpo": "",
    "rlsd, as printed": "",
    "sft": "",
}
"""The methods of the tables, and what is said of them there."""

SHORT = {
    "opsd": "OPSD (Δ)",
    "rlsd": "RLSD",
    "grpo": "GRPO",
    "ktae": "KTAE",
    "prefix_tree": "prefix tree",
    "surprisal": "surprisal",
    "prefix_tree, branches only": "prefix tree, branches",
}
"""Those of README.md, and their names there."""

WITHIN = ("prefix_tree", "ktae", "surprisal", "opsd", "grpo_opsd", "rlsd, λ undecayed",
          "rlsd_adaptive", "rlsd, as printed")  # fmt: skip
"""Those whose credit differs within a response."""


SAME = {"rlsd, λ undecayed": "rlsd"}
"""Method -> the one that it equals before λ decays; a comparison then has the second alone."""


def measure() -> Found:
    """Everything that the tables show, from the store or measured."""
    from rlsd_pipeline.artifacts import ArtifactStore
    from rlsd_pipeline.config.experiment import load_experiment
    from rlsd_pipeline.home import store_url
    from rlsd_pipeline.stages.comparison.larger_batch import make_batch
    from rlsd_pipeline.stages.workspace import Workspace

    declared = ROOT / "assets" / "experiments" / EXPERIMENT / "defs.yaml"
    workspace = Workspace(EXPERIMENT, load_experiment(declared), ArtifactStore(store_url()))
    found = {}
    for iteration in ITERATIONS:
        fidelity = make_batch(workspace.at(ARM, iteration), PROMPTS).fidelity()
        found[str(iteration)] = {
            "reliability": fidelity.reliability,
            "methods": {
                one.method: {
                    "fidelity": _kept(one.value),
                    "difference": _kept(one.difference),
                    "within": _kept(one.within),
                }
                for one in fidelity.methods
                if one.method in ABOUT
            },
        }
    return {
        "date": f"{datetime.date.today()}",
        "iterations": found,
        "every": every_method(make_batch(workspace.at(ARM, ITERATIONS[1]), PROMPTS)),
    }


def every_method(run: Any) -> Mapping[str, Any]:
    """Method -> its fidelity, where its credit lies, and its sign; of all columns that are there.

    Args:
        run: The place with a comparison that `compare --columns` made.
    """
    from schemas import WeightingComparison

    artifact = run.workspace.store.ref(run.reference("weighting_comparison"))
    compared = artifact.record(WeightingComparison)
    fidelity = {one.method: one for one in compared.fidelity.methods}
    return {
        one.method: {
            "fidelity": _kept(fidelity[one.method].value),
            "within": _kept(fidelity[one.method].within),
            "segments": {name: share.value for name, share in one.segments.items()},
            "sign": None if one.sign_agreement is None else one.sign_agreement.value,
        }
        for one in compared.methods
    }


def _kept(found: Interval | None) -> Mapping[str, float] | None:
    return None if found is None else found.model_dump()


def fidelities(found: Found) -> list[str]:
    """Every method, from the highest at the second iteration to the lowest."""
    names = sorted(ABOUT, key=lambda name: -_of(found, ITERATIONS[1], name)["fidelity"]["value"])
    rows = [[f"{code(name)}{ABOUT[name]}", *_cells(found, name, "fidelity")] for name in names]
    halves = [_digits(found["iterations"][str(at)]["reliability"], 2, "") for at in ITERATIONS]
    return _table("credit", [*rows, ["*reliability of the halves*", *halves]])


def differences(found: Found) -> list[str]:
    """The same minus GRPO, for those that differ."""
    names = sorted(ABOUT, key=lambda name: -_of(found, ITERATIONS[1], name)["fidelity"]["value"])
    rows = [
        [code(name), *_cells(found, name, "difference", 3, "+")]
        for name in names
        if name not in ("grpo", "rlsd_adaptive")
    ]
    return _table("minus `grpo`", rows)


def within(found: Found) -> list[str]:
    """The same within responses."""
    return _table(
        "within responses", [[code(name), *_cells(found, name, "within")] for name in WITHIN]
    )


def every(found: Found) -> list[str]:
    """Every method at the second iteration, from the highest fidelity to the lowest."""
    of = found["every"]
    names = sorted(
        of, key=lambda name: -of[name]["fidelity"]["value"] if of[name]["fidelity"] else 9
    )
    heads = ["credit", "fidelity", "within responses", "reasoning / answer / format", "sign"]
    return markdown_table(heads, [[code(name), *_placed(of[name])] for name in names]).split("\n")


def _placed(one: Mapping[str, Any]) -> list[str]:
    shares = [one["segments"].get(name) for name in ("reasoning", "answer", "format")]
    return [
        _cell(one["fidelity"], 2, ""),
        _cell(one["within"], 2, ""),
        " / ".join("–" if share is None else _digits(share, 2, "") for share in shares),
        "–" if one["sign"] is None else _digits(one["sign"], 2, ""),
    ]


def short(found: Found) -> list[str]:
    """The table of README.md."""
    return _table("credit", [[SHORT[name], *_cells(found, name, "fidelity")] for name in SHORT])


Tables = Mapping[str, Callable[[Found], list[str]]]
DOCUMENTS: Mapping[Path, Tables] = {
    ROOT / "docs" / "credit.md": {
        "fidelity": fidelities,
        "fidelity differences": differences,
        "fidelity within": within,
    },
    ROOT / "docs" / "compare.md": {"every method": every},
    ROOT / "README.md": {"fidelity": short},
}
"""Document -> mark -> its table."""


def with_tables(text: str, tables: Tables, found: Found) -> str:
    """A document with its tables, each between two marks of its name.

    Args:
        text: With earlier ones.
        tables: By mark.
        found: All numbers.
    """
    for name, table in tables.items():
        mark = f"<!-- {name} -->"
        new = "\n".join([mark, "", *table(found), "", mark])
        text, count = re.subn(f"{mark}.*?{mark}", lambda _, new=new: new, text, flags=re.DOTALL)
        assert count == 1, name
    return text


def _of(found: Found, iteration: int, name: str) -> Mapping[str, Any]:
    one: Mapping[str, Any] = found["iterations"][str(iteration)]["methods"][name]
    return one


def _cells(found: Found, name: str, what: str, places: int = 2, sign: str = "") -> list[str]:
    """A cell an iteration."""
    methods = [found["iterations"][str(at)]["methods"] for at in ITERATIONS]
    return [_cell(of.get(name, of[SAME.get(name, name)])[what], places, sign) for of in methods]


def _cell(kept: Mapping[str, float] | None, places: int, sign: str) -> str:
    if kept is None:
        return "–"
    found = Interval.model_validate(kept)
    if found.value == found.low == found.high == 0:
        return "0"
    value, low, high = (_digits(n, places, sign) for n in (found.value, found.low, found.high))
    return f"{value} [{low}, {high}]"


def _digits(value: float, places: int, sign: str) -> str:
    """A number without its leading zero, and with a true minus."""
    return re.sub(r"^([+−]?)0\.", r"\1.", f"{value:{sign}z.{places}f}".replace("-", "−"))


def code(name: str) -> str:
    """A method as a table names it: its form stands outside of the code."""
    method, _, form = name.partition(", ")
    return f"`{method}`, {form}" if form else f"`{method}`"


def _table(head: str, rows: Sequence[Sequence[str]]) -> list[str]:
    first, *others = ITERATIONS
    return markdown_table([head, f"iteration {first}", *map(str, others)], rows).split("\n")


def main() -> None:
    """Measure, keep, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--record", action="store_true", help="write what is kept already")
    if not parser.parse_args().record:
        RECORD.parent.mkdir(exist_ok=True)
        RECORD.write_text(json.dumps(measure(), indent=1, ensure_ascii=False) + "\n")
    found = json.loads(RECORD.read_text())
    for document, tables in DOCUMENTS.items():
        document.write_text(with_tables(document.read_text(), tables, found))


if __name__ == "__main__":
    main()
