"""A tiny experiment, a home of its own for every test, and one home that is already trained."""

import base64
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import dagster as dg
import pytest
from click.testing import CliRunner
from transformers import LlamaConfig, LlamaForCausalLM
from transformers.utils import logging

from assets.cli import main
from assets.cli.faults import UNFORESEEN
from assets.cli.loop import Loop, open_instance
from assets.declared import Declared
from rlsd_pipeline.artifacts import ArtifactStore
from rlsd_pipeline.config.experiment import ExperimentConfig
from rlsd_pipeline.models.tiny_qwen3_vl import train_tokenizer
from tests.assets import homes
from tests.assets.materialized import Known
from tests.made_once import made_once
from tests.small_experiment import ATTRIBUTES

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR42mP4//8/AAX+Av4N70a4AAAAAElFTkSuQmCC"
)

Declare = Callable[..., Path]


class Answer(NamedTuple):
    """What a command said, and how it ended."""

    exit_code: int
    output: str
    error: str


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home."""
    homes.use(monkeypatch, tmp_path / "home")
    return tmp_path / "home"


@pytest.fixture(autouse=True)
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures of one pixel: half of a short training is drawing.

    Files whose tests look at pictures have a fixture of this name that does nothing.
    """
    monkeypatch.setattr("rlsd_pipeline.report.vector.png", lambda figure, dpi: PIXEL)


@pytest.fixture(scope="session")
def arms() -> tuple[str, ...]:
    """The arms of the tiny experiment, in order."""
    return homes.ARMS


@pytest.fixture(scope="session")
def experiment() -> ExperimentConfig:
    return ExperimentConfig.model_validate(ATTRIBUTES)


@pytest.fixture
def declare(tmp_path: Path) -> Declare:
    """Writes the tiny experiment's YAML; keywords change what is declared."""

    def declare(**changes: Any) -> Path:
        return homes.declare(tmp_path / "declared", **changes)

    return declare


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which both arms have done two of three iterations; no test may change it."""
    return made_once(tmp_path_factory, "trained", homes.train) / "home"


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A text-only model that can hold a chat."""
    folder = tmp_path_factory.mktemp("model")
    tokenizer = train_tokenizer(("how many? two.",), 300)
    size = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1}
    heads = {"num_attention_heads": 2, "num_key_value_heads": 1}
    config = LlamaConfig(vocab_size=len(tokenizer), **size, **heads)
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture
def loop(trained: Path, home: Path, declare: Declare) -> Iterator[tuple[Loop, dg.DagsterInstance]]:
    """The loop and its instance on a copy of that home."""
    homes.copy(trained, home)
    with homes.open_loop(declare()) as opened:
        yield opened


@pytest.fixture
def known(
    trained: Path, experiment: ExperimentConfig, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Known]:
    """The trained home as it is, to be read only."""
    monkeypatch.setenv("RLSD_HOME", str(trained))
    with open_instance() as instance:
        yield Declared("small", experiment), instance, ArtifactStore(trained / "artifacts")


@pytest.fixture(scope="module")
def evaluated_home(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The trained home with the scores of both arms at 0 and 2 updates, and its experiment.

    The scores are made once. Each file has a copy: what its commands add is seen by no other file.
    """
    declared = trained.parent / "small" / "defs.yaml"

    def make(folder: Path) -> None:
        homes.evaluate(homes.copy(trained, folder / "home"), declared)

    made = made_once(tmp_path_factory, "evaluated", make)
    return homes.copy(made / "home", tmp_path_factory.mktemp("evaluated") / "home"), declared


@pytest.fixture
def file(evaluated_home: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    """The YAML of what was evaluated; commands add to one home."""
    monkeypatch.setenv("RLSD_HOME", str(evaluated_home[0]))
    return evaluated_home[1]


@pytest.fixture
def run(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Answer]]:
    """Runs a command of `rlsd`; nothing may reach the terminal past the command's own output.

    The terminal is wide: a table keeps its columns beside each other.
    """
    monkeypatch.setenv("COLUMNS", "240")
    verbosity = logging.get_verbosity()

    def run(*arguments: object) -> Answer:
        capfd.readouterr()
        result = CliRunner().invoke(main, [str(argument) for argument in arguments])
        past = capfd.readouterr()
        assert isinstance(result.exception, SystemExit | None), result.exception
        assert result.exit_code != UNFORESEEN, result.stderr
        return Answer(result.exit_code, result.stdout, result.stderr + past.err)

    yield run
    logging.set_verbosity(verbosity)
    logging.enable_progress_bar()


@pytest.fixture(scope="session")
def row_of() -> Callable[..., list[str]]:
    """Finds the one line of a printed table that holds some cells; returns all of its cells."""

    def row_of(output: str, *cells: str) -> list[str]:
        # Cells stand at least two blanks apart.
        lines = [re.split(r" {2,}", line.strip()) for line in output.splitlines()]
        (found,) = (line for line in lines if len(line) > 1 and set(cells) <= set(line))
        return found

    return row_of
