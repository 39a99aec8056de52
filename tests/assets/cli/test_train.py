"""`rlsd train` and `rlsd evaluate`: from a file to the table, and what a kill left out."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console

from assets.cli.progress import Display
from assets.cli.train import train_arm
from tests.assets.cli.own_data import GOOD, jsonl
from tests.assets.materialized import Opened

Declare = Callable[..., Path]
Run = Callable[..., Any]


def test_nothing_to_evaluate_yet(run: Run, declare: Declare) -> None:
    answer = run("evaluate", declare())
    assert answer.exit_code == 0, answer.error
    assert "grpo-s0: nothing to evaluate yet, train it first" in answer.output


def test_training_goes_on_and_ends_in_the_table(
    run: Run, declare: Declare, row_of: Callable[..., list[str]], trained: Path, home: Path
) -> None:
    shutil.copytree(trained, home)
    file = declare()
    answer = run("train", file, "--arm", "rlsd-s0")
    assert answer.exit_code == 0, answer.error
    assert "rlsd-s0: 2 of 3 iterations are complete" in answer.output
    assert "grpo-s0" not in answer.output
    base, last = row_of(answer.output, "base"), row_of(answer.output, "rlsd")
    assert (base[:2], last[:2]) == (["greedy", "base"], ["greedy", "rlsd"])
    assert base[2].startswith("0.000 [0.000, ")
    assert (base[3], last[3]) == ("0", "3")
    assert str(home / "artifacts") in answer.output

    status = run("status", file)
    arm = row_of(status.output, "rlsd-s0")
    assert arm[1] == "3 of 3"
    # Of the newest policy: a score of another one says which.
    assert re.fullmatch(r"0\.\d{3} \[0\.\d{3}, 0\.\d{3}\]", arm[2])
    assert row_of(status.output, "grpo-s0")[1] == "2 of 3"

    before = {path: path.read_bytes() for path in home.rglob("manifest.json")}
    again = run("train", file, "--arm", "rlsd-s0")
    assert "rlsd-s0: 3 of 3 iterations are complete" in again.output
    assert row_of(again.output, "rlsd") == last
    assert {path: path.read_bytes() for path in home.rglob("manifest.json")} == before


def test_own_data_and_model_from_a_file_to_a_score(
    run: Run,
    declare: Declare,
    row_of: Callable[..., list[str]],
    model_folder: Path,
    home: Path,
) -> None:
    """A JSONL file and a text model's folder: no images, no labels, no steps to break down by."""
    rows = (GOOD | {"question": f"{n} and {n}?", "answer": str(2 * n)} for n in range(12))
    dataset = jsonl(declare().parent, *rows) | {"test_share": 0.25}
    file = declare(
        dataset=dataset,
        model={"type": "pretrained", "name": str(model_folder)},
        verifier={"type": "math"},
        privileged="answer",
    )
    answer = run("train", file, "--arm", "rlsd-s0", "--iterations", "1")
    assert answer.exit_code == 0, answer.error
    assert row_of(answer.output, "rlsd")[3] == "1"
    scores = list(home.glob("artifacts/benchmark_scores.greedy/*/*/benchmark_score-*.json"))
    assert [json.loads(score.read_text())["questions"] for score in scores] == [3, 3]


def test_an_evaluation_that_a_kill_left_out_is_made_up_for(
    loop: Opened,
) -> None:
    """Two of three iterations are there and their evaluation, due after every second, is not."""
    opened, _ = loop
    store = opened.workspace.store
    score = "small/rlsd-s0/002/benchmark_scores.greedy"
    assert store.ref(score) is None
    train_arm(opened, Display(Console(quiet=True)), "rlsd-s0", 3)
    policy = store.ref("small/rlsd-s0/002/policy")
    assert policy is not None
    assert store.ref(score).manifest.inputs["policy"] == policy.digest
    assert not opened.lacks_score("rlsd-s0", 2)


def test_an_evaluation_that_is_there_is_not_made_again(
    loop: Opened,
) -> None:
    opened, instance = loop
    train_arm(opened, Display(Console(quiet=True)), "rlsd-s0", 3)
    before = len(instance.get_runs())
    train_arm(opened, Display(Console(quiet=True)), "rlsd-s0", 3)
    # The base policy's, which is always looked up, and nothing else.
    assert len(instance.get_runs()) == before + 1
