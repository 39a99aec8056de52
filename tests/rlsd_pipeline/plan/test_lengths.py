"""Prompt lengths from the data itself, and that the plan and training agree by them."""

import json
from pathlib import Path
from typing import Any

import pytest

from rlsd_pipeline.config.experiment import ExperimentConfig
from rlsd_pipeline.config.hardware import HardwareConfig, Processor
from rlsd_pipeline.errors import ConfigError, ModelError
from rlsd_pipeline.models.loading import load_policy
from rlsd_pipeline.plan import refusal
from rlsd_pipeline.plan.lengths import prompt_lengths, with_data_lengths
from rlsd_pipeline.plan.planning import make_plan
from rlsd_pipeline.plan.refusal import planned_hardware, require_hardware
from tests.rounded_policy import save_model

EASY = {"type": "easy_vqa", "train_questions": 20, "test_questions": 5, "warm_start_images": 20}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_model(tmp_path_factory.mktemp("lengths") / "model")


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    path = tmp_path / "rows.jsonl"
    texts = [
        "?",
        "what is it?",
        "is there a red circle in the image, or is there none of them?",
    ] * 4
    lines = [{"id": str(n), "question": text, "answer": "x"} for n, text in enumerate(texts)]
    path.write_text("\n".join(map(json.dumps, lines)))
    return path


def declare(dataset: dict[str, Any], **changes: Any) -> ExperimentConfig:
    return ExperimentConfig.model_validate(
        {
            "dataset": dataset,
            "prompts": {"student": "{question}"},
            "sampling": {"prompts": 4, "group_size": 2, "max_tokens": 32},
            "arms": [{"weighting": {"type": "grpo"}}],
            **changes,
        }
    )


def test_the_lengths_are_those_of_the_encoded_prompts(model: Path, rows: Path) -> None:
    dataset = {"type": "jsonl", "path": str(rows), "test_share": 0.0}
    experiment = declare(dataset, model={"type": "pretrained", "name": str(model)})
    policy = load_policy(model)
    expected = [
        len(
            policy.encode(
                experiment.prompts.fill("{question}", question=row["question"])
            ).prompt_ids
        )
        for row in map(json.loads, rows.read_text().splitlines())
    ]
    found = prompt_lengths(experiment)
    assert found is not None
    assert found.longest == max(expected)
    assert found.mean == round(sum(expected) / len(expected))
    assert found.image == 0
    measured = with_data_lengths(experiment)
    assert measured.sampling.max_prompt_tokens == max(expected) < 4096
    assert measured.assumptions.prompt_tokens == found.mean


def test_images_are_counted_and_what_is_declared_stays() -> None:
    experiment = declare(EASY, assumptions={"prompt_tokens": 3})
    found = prompt_lengths(experiment)
    assert found is not None
    assert 0 < found.image < found.mean <= found.longest < 200
    measured = with_data_lengths(experiment).assumptions
    assert (measured.prompt_tokens, measured.image_tokens) == (3, found.image)


@pytest.mark.parametrize(
    "changes",
    [
        {"model": {"type": "pretrained", "name": "nobody/has-this-model"}},
        {"dataset": {"type": "jsonl", "path": "no/such/file.jsonl"}},
    ],
)
def test_what_is_not_at_hand_leaves_what_is_allowed(
    model: Path, rows: Path, changes: dict[str, Any]
) -> None:
    at_hand = {
        "dataset": {"type": "jsonl", "path": str(rows)},
        "model": {"type": "pretrained", "name": str(model)},
    }
    changed = at_hand | changes
    experiment = declare(changed["dataset"], model=changed["model"])
    assert with_data_lengths(experiment) is experiment


def small_machine(gib: float) -> HardwareConfig:
    device = Processor(memory_gib=gib, teraflops=1, teraflops_float32=1, bandwidth=1)
    return HardwareConfig(device=device, reserved_gib=0.001)


@pytest.mark.parametrize(("gib", "fits"), [(0.05, True), (0.005, False)])
def test_plan_and_training_agree_on_what_fits_on_this_machine(
    monkeypatch: pytest.MonkeyPatch, gib: float, fits: bool
) -> None:
    monkeypatch.setattr(refusal, "this_machine", lambda device: small_machine(gib))
    experiment = declare(EASY, update={"micro_batch_tokens": 256})
    # With prompts as long as is allowed, neither would be let through.
    assert make_plan("small", experiment, small_machine(gib)).refusals
    measured = with_data_lengths(experiment)
    assert bool(make_plan("small", measured, planned_hardware(measured)).refusals) != fits
    if fits:
        require_hardware("small", experiment)
    else:
        with pytest.raises(ConfigError, match="small does not fit on 1 device"):
            require_hardware("small", experiment)


def test_devices_that_nothing_names_are_not_planned() -> None:
    spread = declare(EASY, compute={"type": "torchrun", "processes_per_node": 2})
    with pytest.raises(ConfigError, match=r"torchrun.* only `hardware` names: declare it"):
        planned_hardware(spread)
    require_hardware("small", spread)


def test_a_model_that_is_not_planned_may_still_be_trained(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def unknown(*_: object) -> None:
        raise ModelError("it is not planned")

    monkeypatch.setattr(refusal, "make_plan", unknown)
    require_hardware("small", declare(EASY))
    with pytest.raises(ModelError):
        require_hardware("small", declare(EASY, hardware={"device": "L4"}))
