"""What an experiment names is known by its content, from wherever it is read."""

import json
from pathlib import Path

import pytest

from rlsd_pipeline.artifacts import ArtifactStore
from rlsd_pipeline.config.experiment import load_experiment
from rlsd_pipeline.stages.iteration.policy import PolicyStage
from rlsd_pipeline.stages.iteration.problems import ProblemsStage
from rlsd_pipeline.stages.iteration.teacher import TeacherModel
from rlsd_pipeline.stages.workspace import Workspace

YAML = """type: assets.component.Experiment
attributes:
  dataset: {type: hub, name: ./data}
  model: {type: pretrained, name: ./model}
  teacher: {type: model, model: {type: pretrained, name: teacher}}
  arms:
    - weighting: {type: rlsd}
"""


def experiment(folder: Path, weights: bytes = b"weights") -> Path:
    """An experiment with a model, a teacher and data beside it; nothing of it is loaded."""
    for name in ("model", "teacher"):
        (folder / name).mkdir(parents=True)
        (folder / name / "config.json").write_text("{}")
        (folder / name / "model.safetensors").write_bytes(weights + name.encode())
    (folder / "data").mkdir()
    rows = [{"question": f"{n}?", "answer": str(n)} for n in range(4)]
    (folder / "data" / "train.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (folder / "defs.yaml").write_text(YAML)
    return folder / "defs.yaml"


def fingerprints(file: Path) -> tuple[str, str, str]:
    """Of the data set, of the model and of the teacher."""
    workspace = Workspace("x", load_experiment(file), ArtifactStore("memory://identity"))
    run = workspace.at("rlsd-s0", 0)
    teacher = run.arm.teacher.model  # type: ignore[union-attr]
    stages = (ProblemsStage(), PolicyStage(), TeacherModel(declared=teacher))
    data, model, taught = (stage.request(run).fingerprint for stage in stages)
    return data, model, taught


def test_the_same_from_every_working_directory_and_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = experiment(tmp_path / "a")
    first = fingerprints(file)
    assert len(set(first)) == 3
    monkeypatch.chdir(tmp_path)
    assert fingerprints(Path("a/defs.yaml")) == first
    monkeypatch.chdir(tmp_path / "a" / "model")
    assert fingerprints(Path("../defs.yaml")) == first
    assert fingerprints(experiment(tmp_path / "b")) == first


def test_two_models_of_one_name_are_two(tmp_path: Path) -> None:
    first, second = (experiment(tmp_path / name, name.encode()) for name in ("a", "b"))
    (data, model, teacher), (same, other, another) = fingerprints(first), fingerprints(second)
    assert (data, model != other, teacher != another) == (same, True, True)


@pytest.mark.parametrize(
    ("written", "place"),
    [("data/train.jsonl", 0), ("model/model.safetensors", 1), ("teacher/config.json", 2)],
)
def test_what_was_rewritten_is_another(tmp_path: Path, written: str, place: int) -> None:
    file = experiment(tmp_path)
    first = fingerprints(file)
    path = tmp_path / written
    path.write_bytes(path.read_bytes()[::-1])
    changed = [a != b for a, b in zip(first, fingerprints(file), strict=True)]
    assert changed == [number == place for number in range(3)]


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.csv"])
def test_a_data_set_of_one_file(tmp_path: Path, name: str) -> None:
    file = experiment(tmp_path)
    file.write_text(YAML.replace("./data", name))
    rows = tmp_path / name
    text = '{"images": "a.png"}' if name.endswith("jsonl") else "images\na.png\n"
    rows.write_text(text)
    (tmp_path / "a.png").write_bytes(b"first")
    first = fingerprints(file)[0]
    # Neither the YAML nor another file beside it is a part of the data.
    file.write_text(file.read_text() + "  iterations: 3\n")
    (tmp_path / "notes.txt").write_text("x")
    assert fingerprints(file)[0] == first
    (tmp_path / "a.png").write_bytes(b"other")
    second = fingerprints(file)[0]
    assert second != first
    rows.write_text(text.replace("a.png", "b.png"))
    assert fingerprints(file)[0] not in (first, second)
