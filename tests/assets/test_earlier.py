"""After an edit: which results are of the earlier declaration, and what going on reuses."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from assets.cli.loop import Loop, open_instance
from rlsd_pipeline.progress import Silent
from rlsd_pipeline.stages.iteration.rollouts import RolloutsStage

Declare = Callable[..., Path]
Run = Callable[..., Any]
RowOf = Callable[..., list[str]]

OLD = "these are results of the earlier declaration"


@pytest.fixture
def home_of_two(trained: Path, home: Path) -> Path:
    """A copy of the home in which both arms have done two of three iterations."""
    shutil.copytree(trained, home)
    (home / "dagster" / "dagster.yaml").chmod(0o644)
    return home


def arms(mix: float) -> list[dict[str, Any]]:
    return [
        {"weighting": {"type": "grpo"}},
        {"weighting": {"type": "rlsd", "decay": 4, "mix": mix}},
    ]


def notes(output: str) -> list[str]:
    return [line for line in output.splitlines() if OLD in line]


def test_without_an_edit_nothing_is_said(run: Run, declare: Declare, home_of_two: Path) -> None:
    for command in ("status", "results"):
        answer = run(command, declare())
        assert answer.exit_code == 0, answer.error
        assert notes(answer.output + answer.error) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"arms": arms(0.8)}, f"rlsd-s0: weighting.mix 0.5 → 0.8: {OLD}"),
        (
            {"update": {"learning_rate": 5e-4}},
            f"grpo-s0, rlsd-s0: update.learning_rate 0.001 → 0.0005: {OLD}",
        ),
        ({"teacher": {"type": "live"}}, None),
        ({"iterations": 9, "description": "longer"}, None),
    ],
)
def test_an_edit_is_named_with_its_values(
    run: Run, declare: Declare, home_of_two: Path, change: dict[str, Any], said: str | None
) -> None:
    file = declare(**change)
    status, results = run("status", file), run("results", file)
    assert (status.exit_code, results.exit_code) == (0, 0)
    for answer in (status, results):
        found = notes(answer.output)
        if said is not None:
            assert found == [said]
        elif "teacher" in change:
            # At the second iteration the teacher is another policy than it was.
            assert len(found) == 1
            assert found[0].startswith("rlsd-s0: ")
            assert found[0].endswith(f"{OLD}, from iteration 1 on")
        else:
            assert found == []


def test_another_data_set_and_model_are_named(
    run: Run, declare: Declare, home_of_two: Path
) -> None:
    dataset = {
        "type": "easy_vqa",
        "train_questions": 15,
        "test_questions": 5,
        "warm_start_images": 60,
    }
    (note,) = notes(run("status", declare(dataset=dataset)).output)
    assert note == f"grpo-s0, rlsd-s0: dataset.train_questions 10 → 15: {OLD}"


def test_documents_say_it_too(run: Run, declare: Declare, home_of_two: Path) -> None:
    shutil.rmtree(home_of_two / "reports", ignore_errors=True)
    with open_instance() as instance:
        loop = Loop(declare(), instance, Silent())
        loop.evaluate("rlsd-s0", 0)
        loop.evaluate("rlsd-s0", 2)
    file = declare(arms=arms(0.8))
    said = f"rlsd-s0: weighting.mix 0.5 → 0.8: {OLD}"
    answers = {
        form: run("results", file, "--format", form) for form in ("markdown", "latex", "csv")
    }
    for answer in answers.values():
        assert notes(answer.error) == [said]
    assert said in answers["markdown"].output
    assert said not in answers["csv"].output
    page = home_of_two / "page.html"
    answer = run("report", file, "--out", page)
    assert answer.exit_code == 0, answer.error
    assert said.split(":")[1].strip() in page.read_text(encoding="utf-8")


def test_going_on_after_an_edit_says_what_it_reuses(
    run: Run, declare: Declare, home_of_two: Path
) -> None:
    file = declare(arms=arms(0.8))
    answer = run("train", file, "--arm", "rlsd-s0", "--iterations", "1")
    assert answer.exit_code == 0, answer.error
    assert "0 of 1" not in answer.output
    assert "rlsd-s0: 1 iteration to go" in answer.output
    assert "rlsd-s0: weighting.mix 0.5 → 0.8: what is here is of the earlier" in answer.output
    # Rollouts, rewards and log-probabilities; weights and update are made again.
    assert "rlsd-s0: reused 3 of 5 stages" in answer.output
    # The second iteration is of the earlier declaration still.
    (note,) = notes(run("status", file).output)
    assert note == f"rlsd-s0: weighting.mix 0.375 → 0.6: {OLD}, from iteration 1 on"
    # The edit taken back, all is there.
    again = run("train", declare(), "--arm", "rlsd-s0", "--iterations", "2")
    assert "rlsd-s0: reused 10 of 10 stages" in again.output
    assert notes(run("status", declare()).output) == []


def test_what_descends_from_another_draw_is_behind_and_redone_in_order(
    run: Run, declare: Declare, home_of_two: Path
) -> None:
    file, arm = declare(), ("--arm", "rlsd-s0")
    assert "behind" not in run("status", file).output
    with open_instance() as instance:
        place = Loop(file, instance, Silent()).workspace.at("rlsd-s0", 0, draw=1)
    before = place.read("rollouts").digest[:12]
    made = place.make(RolloutsStage)
    assert made.why == "computed: draw 0 → 1"
    changed = f"rollouts {before} → {made.digest[:12]} (draw 0 → 1)"

    said = run("status", file).output
    assert f"rlsd-s0: {changed}: what was made of the former is behind\n" in said
    redo = f"rlsd train {file} --arm rlsd-s0 --iterations 2"
    assert f"redo from iteration 0 on, in order: {redo}\n" in said

    def explained(stage: str, iteration: int) -> str:
        return run("explain", file, *arm, "--iteration", iteration, "--stage", stage).output

    drawn = f"rollouts: current; it took the place of {before}: draw 0 → 1\n"
    assert explained("rollouts", 0) == drawn
    assert explained("rewards", 0) == f"rewards: would be computed again: {changed}\n"
    assert explained("rollouts", 1) == (
        "rollouts: current; but it descends from iteration 000, which would be computed again: "
        f"{changed}\n"
    )
    assert (
        "did you mean 'rewards'"
        in run("explain", file, *arm, "--iteration", 0, "--stage", "reward").error
    )

    answer = run(*redo.split()[1:])
    assert answer.exit_code == 0, answer.error
    assert "behind" not in run("status", file).output
    # The draw stays, and so does what is known of the former one.
    assert explained("rollouts", 0) == drawn
    assert explained("policy", 2).startswith("policy: current; it took the place of ")


def test_scores_of_a_former_policy_are_named_until_the_new_one_is_evaluated(
    run: Run, declare: Declare, home_of_two: Path
) -> None:
    """A training in the UI evaluates nothing by itself."""
    file = declare()
    with open_instance() as instance:
        loop = Loop(file, instance, Silent())
        loop.evaluate("rlsd-s0", 2)
        loop.workspace.at("rlsd-s0", 0, draw=1).make(RolloutsStage)
        assert "former policies" not in run("status", file).output
        loop.train("rlsd-s0", 2)
    note = (
        "rlsd-s0: trained anew since it was scored on greedy; the scores after 2 updates are of "
        "former policies\n"
    )
    anew = f"rlsd train {file} --arm rlsd-s0 --iterations 2"
    said = run("status", file).output
    assert note in said
    assert f"evaluate anew, without training: {anew}\n" in said
    assert note in run("results", file).output
    answer = run(*anew.split()[1:])
    assert answer.exit_code == 0, answer.error
    for command in ("status", "results"):
        assert "former policies" not in run(command, file).output


def test_all_is_reused_where_only_the_history_is_new(
    run: Run, declare: Declare, home_of_two: Path
) -> None:
    shutil.rmtree(home_of_two / "dagster")
    answer = run("train", declare(), "--arm", "grpo-s0", "--iterations", "2")
    assert answer.exit_code == 0, answer.error
    assert "0 of 2" not in answer.output
    assert "grpo-s0: reused 10 of 10 stages" in answer.output


def test_status_before_the_first_update_is_complete(
    run: Run, declare: Declare, row_of: RowOf
) -> None:
    with open_instance() as instance:
        Loop(declare(), instance, Silent()).prepare(["grpo-s0"])
    answer = run("status", declare())
    assert answer.exit_code == 0, answer.error
    assert row_of(answer.output, "grpo-s0")[1:4] == ["0 of 3", "-", "-"]
    assert row_of(answer.output, "rlsd-s0")[-1] == "not started"


def test_printed_next_steps_work_for_a_file(
    run: Run, declare: Declare, home_of_two: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = declare()
    monkeypatch.chdir(file.parent)
    answer = run("train", "defs.yaml", "--arm", "grpo-s0", "--iterations", "2")
    assert answer.exit_code == 0, answer.error
    (step,) = [line for line in answer.output.splitlines() if line.startswith("report ")]
    assert step == f"report     rlsd report {file}"
    monkeypatch.chdir(tmp_path)
    answer = run(*step.split()[2:], "--out", tmp_path / "page.html")
    assert answer.exit_code == 0, answer.error
    # The name that the file took will do as well.
    assert json.loads((home_of_two / "experiments" / "small.json").read_text())["file"] == str(file)
    assert run("status", "small").exit_code == 0
