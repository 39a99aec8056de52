"""Whatever goes wrong, a command ends in one message: every command is given every bad input."""

from pathlib import Path
from typing import Any

import click
import huggingface_hub
import pytest
from click.testing import CliRunner

from assets.cli import main
from assets.cli.faults import UNFORESEEN
from tests.assets.fault_cases import CASES, Case, Setting

VALUES = {
    "experiment": "{experiment}",
    "benchmark": "mathvista",
    "--arm": "rlsd-s0",
    "--iteration": "0",
    "--difference": "0.05",
    "--items": "{experiment}",
    "--predictions": "{experiment}",
    "--from": "trl",
    "what": "rollouts",
    "--out": "{experiment}.parquet",
}
"""What a command is given where it must be given something."""


def arguments(command: click.Command, experiment: str) -> list[str]:
    """What a command must be given."""
    given: list[str] = []
    for parameter in command.params:
        wanted = parameter.required or parameter.name == "experiment"
        if not wanted:
            continue
        option = isinstance(parameter, click.Option)
        name = parameter.opts[0] if option else str(parameter.name)
        given += [name] if option else []
        given.append(VALUES[name].replace("{experiment}", experiment))
    return given


@pytest.fixture
def no_ui(monkeypatch: pytest.MonkeyPatch) -> None:
    """`rlsd ui` stops before it starts other processes."""

    def stop(*_: object) -> None:
        raise SystemExit(0)

    monkeypatch.setattr("assets.cli.ui.Parts", stop)


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One Dagster instance for all cases that have none of their own; a new one takes a second."""
    return tmp_path_factory.mktemp("history")


@pytest.fixture
def setting(
    tmp_path: Path, history: Path, model_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> Setting:
    monkeypatch.setenv("DAGSTER_HOME", str(history))
    # Without a network the hub's client tries again for a quarter of a minute.
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "case"
    folder.mkdir()
    return Setting(folder, model_folder)


@pytest.mark.usefixtures("no_ui")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.replace(" ", "_"))
def test_every_command_answers_a_bad_input_with_one_message(
    case: Case, setting: Setting, monkeypatch: pytest.MonkeyPatch
) -> None:
    case.bring(setting)
    for variable, value in setting.environment.items():
        monkeypatch.setenv(variable, value)
    for name, command in main.commands.items():
        if name == "demo":
            # It is `train` on an experiment of its own, which no case but the environment's spoils.
            continue
        given = arguments(command, setting.experiment)
        result = CliRunner().invoke(main, [name, *given])
        check(f"rlsd {name}", result)
        if name == "train":
            assert result.exit_code == 1, result.output
            assert case.said in " ".join(result.stderr.split()), result.stderr


def check(what: str, result: Any) -> None:
    """No traceback; an error is one message that begins as one, and was foreseen."""
    said = result.stdout + result.stderr
    assert isinstance(result.exception, SystemExit | None), (what, result.exception)
    assert result.exit_code != UNFORESEEN, (what, said)
    assert "Traceback" not in said, (what, said)
    if result.exit_code:
        assert result.stderr.startswith(("Error: ", "Usage: ")), (what, said)
        assert result.stderr.count("Error: ") == 1, (what, said)
        assert len(result.stderr.splitlines()) < 12, (what, said)
