"""`rlsd results`: the table of methods on the terminal and in a document."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

Declare = Callable[..., Path]
Run = Callable[..., Any]
RowOf = Callable[..., list[str]]


def test_results_are_a_table_on_the_terminal(run: Run, row_of: RowOf, file: Path) -> None:
    answer = run("results", file)
    assert answer.exit_code == 0, answer.error
    assert "small: accuracy on held-out questions (95% intervals over questions)" in answer.output
    assert row_of(answer.output, "base")[5] == "0"
    assert row_of(answer.output, "grpo")[5] == "2"
    assert "- grpo" in answer.output


def test_results_are_markdown_on_request(run: Run, file: Path) -> None:
    answer = run("results", file, "--format", "markdown")
    assert answer.exit_code == 0, answer.error
    table, _, notes = answer.output.partition("\n\n")[2].partition("\n\n")
    assert answer.output.startswith("**greedy**")
    head, rule, *rows = table.splitlines()
    assert "McNemar" in notes
    assert head.startswith("| method | accuracy | minus grpo | p (Holm, methods) | updates | seeds")
    assert rule == "|" + "---|" * head.count(" | ") + "---|"
    assert [row.split(" | ")[0] for row in rows] == ["| base", "| grpo", "| rlsd"]
    assert all(row.count(" | ") == head.count(" | ") for row in rows)
    cells = [cell.strip() for cell in rows[2].strip("|").split(" | ")]
    assert cells[4:6] == ["2", "1"]
    # No answer is right, which of so few questions says little.
    assert cells[2].startswith("+0.000 [\u22120.")
    assert cells[3] == "1"
    # The paper says nothing about these questions.
    assert "paper" not in head


def test_results_of_nothing(run: Run, declare: Declare) -> None:
    for options in (
        (),
        (
            "--format",
            "markdown",
        ),
    ):
        assert run("results", declare(), *options).exit_code == 0
