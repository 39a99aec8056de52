"""`rlsd score` on rows of our own."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from assets.cli import main
from assets.cli.score import score
from rlsd_pipeline.errors import RlsdError
from rlsd_pipeline.evaluation.benchmarks.mathvision import MathVision
from rlsd_pipeline.evaluation.rows import read_items
from rlsd_pipeline.evaluation.variants import VARIANTS
from schemas import Problem, Verdict
from tests.benchmark_fixtures import BENCHMARKS, LAYOUTS, write_json, write_parquet

pytestmark = pytest.mark.usefixtures("datasets_cache")

Say = Callable[..., Path]


@pytest.fixture
def say(tmp_path: Path) -> Say:
    def say(*rows: Mapping[str, Any]) -> Path:
        file = tmp_path / "said.jsonl"
        file.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return file

    return say


@pytest.fixture
def as_json(capsys: pytest.CaptureFixture[str]) -> Callable[..., dict[str, Any]]:
    def as_json(name: str, items: Path, said: Path, mode: str, split: str | None = None) -> Any:
        score(name, items=items, predictions=said, mode=mode, split=split, as_json=True)
        return json.loads(capsys.readouterr().out)

    return as_json


WEMATH_ROWS = LAYOUTS["wemath"]().parts[0].rows


def test_wemath_by_hand(tmp_path: Path, say: Say, as_json: Callable[..., dict[str, Any]]) -> None:
    items = write_json("wemath", tmp_path / "rows")
    # Of 2steps_1 all is right (CM), of 2steps_2 the problem is not (IG), of 3steps_1 only the
    # problem is (RM): (1 + 0.5 + 0) / 3.
    wrong = {6, 7, 8, 9}
    said = say(
        *(
            {
                "id": row["question number"],
                "response": f"Answer: {'F' if number in wrong else row['answer']}",
            }
            for number, row in enumerate(WEMATH_ROWS, start=1)
        )
    )
    found = as_json("wemath", items, said, "official")
    assert found["score"] == pytest.approx(0.5)
    assert found["interval"][0] <= 0.5 <= found["interval"][1]
    counted = ("benchmark", "split", "mode", "n", "n_of_split", "responses", "correct", "unparsed")
    assert [found[name] for name in counted] == [
        *("wemath", "testmini", "official", 10, 1740, 10, 6, 0)
    ]
    assert found["breakdown"]["strict RM"]["score"] == pytest.approx(1 / 3)
    assert found["minimum_detectable_difference"] > 0


def test_unread_truncated_and_extracted(
    tmp_path: Path, say: Say, as_json: Callable[..., dict[str, Any]]
) -> None:
    items = write_json("zerobench", tmp_path / "rows").parent
    said = say(
        {"id": "1_1", "response": "so it is {8}"},
        {"id": "1_2", "response": "let me think", "finish_reason": "length"},
        {"id": "2_1", "response": "no idea"},
    )
    found = as_json("zerobench", items, said, "official", "subquestions")
    counted = ("n", "correct", "unparsed", "truncated", "guessed", "verifier_errors")
    assert [found[name] for name in counted] == [3, 1, 1, 1, 0, 0]
    assert found["score"] == pytest.approx(1 / 3)
    extracted = say(*({"id": name, "extraction": "red"} for name in ("1_1", "1_2", "2_1")))
    found = as_json("zerobench", items, extracted, "official")
    assert (found["correct"], found["unparsed"]) == (1, 0)


@pytest.mark.parametrize("mode", ["official", "robust"])
@pytest.mark.parametrize("name", LAYOUTS)
def test_gold_answers_are_right(
    name: str, mode: str, tmp_path: Path, say: Say, as_json: Callable[..., dict[str, Any]]
) -> None:
    items = write_parquet(name, tmp_path / "rows")
    golds = {
        problem.problem_id: problem.answer.split("'")[1]
        if problem.answer.startswith("['")
        else problem.answer
        for problem in read_items(BENCHMARKS[name], items).values()
    }
    said = say(*({"id": each, "extraction": answer} for each, answer in golds.items()))
    found = as_json(name, items, said, mode)
    assert (found["score"], found["correct"], found["n"]) == (1.0, len(golds), len(golds))


def test_guesses_are_counted_and_repeatable(
    tmp_path: Path, say: Say, as_json: Callable[..., dict[str, Any]]
) -> None:
    items = write_parquet("mmmu", tmp_path / "rows")
    names = read_items(BENCHMARKS["mmmu"], items)
    said = say(*({"id": name, "response": "?"} for name in names))
    found = as_json("mmmu", items, said, "official")
    assert found["guessed"] == sum(bool(problem.choices) for problem in names.values()) == 6
    assert as_json("mmmu", items, said, "official") == found
    assert as_json("mmmu", items, said, "robust")["guessed"] == 0


def test_table(tmp_path: Path, say: Say, capsys: pytest.CaptureFixture[str]) -> None:
    items = write_json("mathvision", tmp_path / "rows")
    said = say(*({"id": str(number), "response": "B"} for number in range(1, 7)))
    score("mathvision", items=items, predictions=said, mode="robust", split=None, as_json=False)
    lines = [
        " ".join(line.replace("│", " ").split()) for line in capsys.readouterr().out.split("\n")
    ]
    assert "MathVision test, robust mode" in lines
    # One of six: 1 - .95^(1/6) is the exact lower limit; both lie outside of Wilson's.
    assert "score [95% interval] 16.67% [0.85%, 58.18%]" in lines
    assert "n 6 of 3,040" in lines
    assert "verifier errors 0" in lines
    assert any(line.startswith("subject=counting 0.00% [0.00%, ") for line in lines)


class Broken:
    def extract(self, response: str, problem: Problem) -> str | None:
        return response

    def compare(self, answer: str, problem: Problem) -> tuple[Verdict, str | None]:
        raise OSError("no process left")


def test_no_judgement_is_no_score(
    tmp_path: Path,
    say: Say,
    as_json: Callable[..., dict[str, Any]],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(MathVision, "rules", {"robust": Broken})
    items = write_json("mathvision", tmp_path / "rows")
    said = say(*({"id": str(number), "response": "B"} for number in range(1, 7)))
    found = as_json("mathvision", items, said, "robust")
    assert (found["score"], found["interval"], found["verifier_errors"]) == (None, None, 6)
    score("mathvision", items=items, predictions=said, mode="robust", split=None, as_json=False)
    lines = [
        " ".join(line.replace("│", " ").split()) for line in capsys.readouterr().out.split("\n")
    ]
    assert "score [95% interval] -" in lines


@pytest.mark.parametrize(
    ("name", "mode", "split", "message"),
    [
        ("mathvison", "robust", None, "unknown type 'mathvison'; did you mean"),
        ("mathvision", "strict", None, "mode: input should be 'official' or 'robust'"),
        ("mathvision", "robust", "train", "there is no split 'train'; valid splits: test"),
        ("mathvista", "robust", None, "there is no column 'pid'; found: id, question"),
        ("mathvision", "robust", None, "said.jsonl has no prediction for 5 of 6 items, first '2'"),
    ],
)
def test_mistakes_end_in_one_message(
    name: str, mode: str, split: str | None, message: str, tmp_path: Path, say: Say
) -> None:
    items = write_json("mathvision", tmp_path / "rows")
    said = say({"id": "1", "response": "B"})
    with pytest.raises(RlsdError) as error:
        score(name, items=items, predictions=said, mode=mode, split=split, as_json=True)
    assert message in str(error.value)


def test_the_help_names_every_benchmark() -> None:
    shown = CliRunner().invoke(main, ["score", "--help"]).output
    listed = " ".join(shown.partition("BENCHMARK is ")[2].partition(".")[0].split())
    assert set(listed.replace(" or ", ", ").split(", ")) == {
        *BENCHMARKS,
        *(kind().type for kind in VARIANTS),
    }


@pytest.mark.parametrize("name", LAYOUTS)
def test_predictions_under_the_benchmarks_own_id(
    name: str, tmp_path: Path, as_json: Callable[..., dict[str, Any]]
) -> None:
    items = write_parquet(name, tmp_path / "rows")
    problems = read_items(BENCHMARKS[name], items)
    column = BENCHMARKS[name].id_column
    file = tmp_path / "said.json"
    file.write_text(json.dumps([{column: each, "extraction": "?"} for each in problems]))
    assert as_json(name, items, file, "robust")["responses"] == len(problems)
