"""The shipped examples, made small enough to run in seconds."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from rlsd_pipeline.artifacts import ArtifactStore
from rlsd_pipeline.config.experiment import load_experiment
from rlsd_pipeline.stages.workspace import Workspace
from tests.small_experiment import ATTRIBUTES

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
SMALL = (
    "dataset",
    "model",
    "prompts",
    "sampling",
    "verifier",
    "iterations",
    "evaluation",
    "compute",
)

Small = Callable[..., Workspace]


def copied(name: str, folder: Path) -> Path:
    """A copy of an example's folder that a test may edit; where it is there, as it is."""
    if not folder.exists():
        shutil.copytree(EXAMPLES / name, folder, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


@pytest.fixture
def small(tmp_path: Path) -> Small:
    """Loads the copy `tmp_path / name` of an example, with a tiny model and few problems.

    Called again, it loads what the copy then holds, into the same store. `keep` names the parts
    of the example's YAML that stay as they are; keyword arguments replace others.
    """

    def load(name: str, *, keep: tuple[str, ...] = (), **attributes: Any) -> Workspace:
        file = copied(name, tmp_path / name) / "defs.yaml"
        document = yaml.safe_load((EXAMPLES / name / "defs.yaml").read_text())
        document["attributes"] |= {part: ATTRIBUTES[part] for part in SMALL if part not in keep}
        document["attributes"] |= attributes
        file.write_text(yaml.safe_dump(document))
        return Workspace(name, load_experiment(file), ArtifactStore(tmp_path / "store"))

    return load
