"""What a change of the robust rules does to real outputs: scores before and after, every verdict.

    python tests/conformance/verdict_changes.py --base HEAD~1 --data FOLDER

Checks `--base` out beside this tree, scores every public output in robust mode by its code and by
this one's, prints a table by benchmark and model, and lists every changed verdict with gold answer,
extraction and the end of the response, to be read.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
SHOWN = 160
"""Characters of a response's end in the list."""

_ASKED = {"question": "not in the output"}

Verdicts = dict[str, dict[str, Any]]
"""Row -> gold, choices, extraction, verdict, end of the response."""


class Output(NamedTuple):
    """A model's public responses to a benchmark."""

    benchmark: str
    model: str
    items: Path
    answers: Sequence["Answer"]


class Answer(NamedTuple):
    """What a model said to a question, or what was extracted of it."""

    row: str
    response: str
    extraction: str | None = None


def outputs(folder: Path) -> Iterator[Output]:
    """Every public output in the folder of benchmark data."""
    items = folder / "mathvista" / "testmini.json"
    for file in sorted((folder / "mathvista" / "results").glob("output_*.jsonl")):
        model, rows = file.stem.removeprefix("output_"), _lines(file)
        yield Output("mathvista", model, items, _responses(rows, "pid"))
        yield Output("mathvista", f"{model} extracted", items, _extractions(rows, "pid"))
    items = folder / "mathvision" / "test.jsonl"
    for file in sorted((folder / "mathvision" / "outputs").glob("*.jsonl")):
        yield Output("mathvision", file.stem, items, _responses(_lines(file), "id"))
    items = folder / "wemath" / "testmini.json"
    for file in sorted((folder / "wemath" / "oracle").glob("*.jsonl")):
        yield Output("wemath", file.stem, items, _responses(_lines(file), "question number"))


def mmmu_rows(folder: Path) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Outputs of MMMU and MMMU-Pro: they hold all of the data set that scoring needs."""
    files = sorted((folder / "mmmu" / "example_outputs" / "llava1.5_13b").glob("*/output.json"))
    rows = [row for file in files for row in json.loads(file.read_text())]
    yield (
        "llava1.5_13b",
        [{**row, "options": str(list(row.get("index2ans", {}).values()))} | _ASKED for row in rows],
    )
    for file in sorted((folder / "mmmu" / "mmmu-pro_output").glob("*.jsonl")):
        made = {"question_type": "multiple-choice"} | _ASKED
        flat = [
            {**row, "options": row["options"].replace("[[", "[").replace("]]", "]")} | made
            for row in _lines(file)
        ]
        yield f"pro {file.stem}", flat


def dump(folder: Path, out: Path) -> None:
    """Score everything by the code that is imported, and write the verdicts."""
    from rlsd_pipeline.evaluation.rows import read_items

    found: dict[str, Verdicts] = {}
    known = _benchmarks()
    for output in outputs(folder):
        benchmark = known[output.benchmark]
        problems = read_items(benchmark, output.items)
        found[f"{output.benchmark} {output.model}"] = _settled(benchmark, problems, output.answers)
    for model, rows in mmmu_rows(folder):
        problems = {row["id"]: known["mmmu"].read(row) for row in rows}
        found[f"mmmu {model}"] = _settled(known["mmmu"], problems, _responses(rows, "id"))
    out.write_text(json.dumps(found))


def _benchmarks() -> Mapping[str, Any]:
    """Name -> benchmark; in an older base they are no components."""
    from rlsd_pipeline.evaluation.benchmarks import BENCHMARKS

    if isinstance(BENCHMARKS, Mapping):
        return BENCHMARKS
    return {kind().name: kind() for kind in BENCHMARKS if hasattr(kind, "rules")}


def _settled(benchmark: Any, problems: Mapping[str, Any], answers: Sequence[Answer]) -> Verdicts:
    from rlsd_pipeline.evaluation.scoring import Prediction, judge

    said = [Prediction(*answer) for answer in answers]
    rule = benchmark.rules["robust"]()
    return {
        each.problem.problem_id: {
            "gold": each.problem.answer,
            "choices": each.problem.choices,
            "extracted": each.extracted,
            "verdict": each.verdict.value,
            "end": each.response[-SHOWN:],
        }
        for each in (judge(rule, problems[one.problem_id], one) for one in said)
    }


def _lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def _responses(rows: Sequence[Mapping[str, Any]], column: str) -> list[Answer]:
    return [Answer(str(row[column]), row["response"] or "") for row in rows]


def _extractions(rows: Sequence[Mapping[str, Any]], column: str) -> list[Answer]:
    given = [row for row in rows if row["extraction"] is not None]
    return [Answer(str(row[column]), row["response"] or "", row["extraction"]) for row in given]


def table(before: Mapping[str, Verdicts], after: Mapping[str, Verdicts]) -> str:
    """Scores before and after, with the number of verdicts that changed."""
    lines = [
        "| benchmark and model | n | correct before | after | unparsed before | after "
        "| errors before | after | changed |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, then in before.items():
        now = after[name]
        old, new = (Counter(row["verdict"] for row in each.values()) for each in (then, now))
        counts = [
            count[verdict]
            for verdict in ("correct", "unparsed", "verifier_error")
            for count in (old, new)
        ]
        cells = [name, len(then), *counts, len(_changed(then, now))]
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines)


def listing(before: Mapping[str, Verdicts], after: Mapping[str, Verdicts]) -> str:
    """Every changed verdict, grouped by what it was and is."""
    lines: list[str] = []
    for name, then in before.items():
        for row in _changed(then, after[name]):
            old, new = then[row], after[name][row]
            choices = f" choices {new['choices']}" if new["choices"] else ""
            lines.append(
                f"* {old['verdict']} -> {new['verdict']} | {name} {row} | gold {new['gold']!r}"
                f"{choices} | read {old['extracted']!r} -> {new['extracted']!r} | "
                f"…{' '.join(new['end'].split())}"
            )
    return "\n".join(sorted(lines))


def _changed(before: Verdicts, after: Verdicts) -> list[str]:
    return [row for row in before if before[row]["verdict"] != after[row]["verdict"]]


def main() -> None:
    """Compare this tree with a base, or, as its own helper, write one tree's verdicts."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--base", default="HEAD", help="commit to compare with")
    parser.add_argument("--out", type=Path, default=Path("verdict-changes.md"))
    parser.add_argument("--data", type=Path, required=True, help="folder of benchmark data")
    parser.add_argument("--dump", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.dump:
        dump(given.data, given.dump)
        return
    with tempfile.TemporaryDirectory() as temporary:
        base = Path(temporary, "base")
        archive = subprocess.run(
            ["git", "-C", ROOT, "archive", given.base], check=True, stdout=subprocess.PIPE
        )
        base.mkdir()
        subprocess.run(["tar", "-x", "-C", base], check=True, input=archive.stdout)
        files = [Path(temporary, "before.json"), Path(temporary, "after.json")]
        with ThreadPoolExecutor(2) as pool:
            list(
                pool.map(
                    lambda each: _dump_in(*each, given.data), zip((base, ROOT), files, strict=True)
                )
            )
        before, after = (json.loads(file.read_text()) for file in files)
    text = table(before, after)
    print(text)
    given.out.write_text(f"{text}\n\n{listing(before, after)}\n")
    print(f"\nevery changed verdict: {given.out}")


def _dump_in(tree: Path, file: Path, data: Path) -> None:
    command = [sys.executable, __file__, "--data", str(data.resolve()), "--dump", str(file)]
    subprocess.run(command, check=True, cwd=tree, env={**os.environ, "PYTHONPATH": str(tree)})


if __name__ == "__main__":
    main()
