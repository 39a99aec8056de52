from pathlib import Path
from typing import Any

import pytest

from rlsd_pipeline.config.evaluation import EvaluationConfig
from rlsd_pipeline.config.strict import validate
from rlsd_pipeline.errors import ConfigError


def declared(*benchmarks: dict[str, Any], folder: Path | None = None) -> EvaluationConfig:
    data = {"benchmarks": list(benchmarks)}
    return validate(EvaluationConfig, data, source="test", folder=folder)


def test_the_five_are_declared_by_their_type() -> None:
    found = declared(
        {"type": "heldout"},
        {"type": "mmmu"},
        {"type": "mathvista", "mode": "official"},
        {"type": "mathvision", "split": "testmini", "name": "mini"},
        {"type": "zerobench", "samples": 5, "temperature": 0.7, "top_p": 0.95},
        {"type": "wemath"},
    )
    assert [(each.name, each.split, each.mode) for each in found.public] == [
        ("mmmu", "validation", "robust"),
        ("mathvista", "testmini", "official"),
        ("mini", "testmini", "robust"),
        ("zerobench", "subquestions", "robust"),
        ("wemath", "testmini", "robust"),
    ]
    assert {(each.max_prompt_tokens, each.max_tokens) for each in found.public} == {(4096, 4096)}


@pytest.mark.parametrize(
    ("benchmarks", "message"),
    [
        (
            [{"type": "mathvision", "split": "train"}],
            "there is no split 'train'; valid splits: test, testmini",
        ),
        ([{"type": "mmmu", "samples": 4}], "set a temperature"),
        ([{"type": "mmmu"}, {"type": "mmmu"}], "two benchmarks share a name"),
        ([{"type": "mmmu", "name": "my mmmu"}], "name"),
        ([{"type": "mmmmu"}], "mmmu"),
    ],
)
def test_mistakes_are_named(benchmarks: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        declared(*benchmarks)


def test_local_data_lie_beside_the_experiment() -> None:
    folder = Path("/experiments/mine")
    found = declared(
        {"type": "mmmu", "path": "data/mmmu"},
        {"type": "wemath"},
        {"type": "heldout"},
        folder=folder,
    )
    assert [each.path for each in found.public] == ["/experiments/mine/data/mmmu", None]
