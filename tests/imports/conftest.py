"""The tiny model as a folder, and a workspace of a store of its own."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rlsd_pipeline.artifacts import ArtifactStore
from rlsd_pipeline.config.experiment import ExperimentConfig
from rlsd_pipeline.stages.workspace import Workspace
from tests.imports.tiny import SUMS, question, save_tiny

Open = Callable[..., Workspace]

LOGS = Path(__file__).parent / "logs"


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def sums(tmp_path: Path) -> Path:
    """The sums as a data set."""
    file = tmp_path / "sums.jsonl"
    rows = [{"id": f"{a}+{b}", "question": question(a, b), "answer": str(a + b)} for a, b in SUMS]
    file.write_text("".join(json.dumps(row | {"split": "train"}) + "\n" for row in rows))
    return file


@pytest.fixture
def opened(tmp_path: Path) -> Open:
    """Opens a declared experiment on a store of this test."""

    def opened(attributes: dict[str, Any], name: str = "mine") -> Workspace:
        experiment = ExperimentConfig.model_validate(attributes)
        return Workspace(name, experiment, ArtifactStore(str(tmp_path / "store")))

    return opened
