"""When a YAML is what is imported, and when the request is."""

from pathlib import Path
from typing import Any

import pytest

from rlsd_pipeline.config.experiment import ExperimentConfig, load_experiment
from rlsd_pipeline.imports.declaring import ImportRequest, declaration, declares, with_import
from tests.imports.conftest import LOGS

ASKED = ImportRequest("trl", LOGS / "trl", steps=(1,), verify="beside")


@pytest.fixture
def declared(tmp_path: Path) -> ExperimentConfig:
    file = tmp_path / "mine.yaml"
    file.write_text(declaration(ASKED))
    return load_experiment(file)


@pytest.mark.parametrize(
    ("changed", "same"),
    [
        ({}, True),
        ({"verify": "no"}, True),
        ({"verify": "instead"}, False),
        ({"correct_from": 1.0}, False),
        ({"steps": (2,)}, False),
        ({"options": {"reward_weights": {"right": 1.0}}}, False),
    ],
)
def test_what_is_asked_counts_where_the_yaml_says_another_thing(
    changed: dict[str, Any], same: bool, declared: ExperimentConfig
) -> None:
    assert declares(declared, ASKED._replace(**changed)) is same


def test_another_step_is_rewarded_as_the_yaml_says(declared: ExperimentConfig) -> None:
    found = with_import(declared, ASKED._replace(steps=(2,), verify="no")).stages.model_dump()
    assert (found["rollouts"]["steps"], found["rewards"]["verify"]) == ([2], "beside")
    found = with_import(declared, ASKED._replace(verify="instead")).stages.model_dump()
    assert found["rewards"]["verify"] == "instead"


def test_a_model_folder_is_declared_as_it_lies_from_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "model").mkdir()
    monkeypatch.chdir(tmp_path)
    assert ASKED._replace(model="./model").model_name == str(tmp_path / "model")
    assert ASKED._replace(model="org/name").model_name == "org/name"
