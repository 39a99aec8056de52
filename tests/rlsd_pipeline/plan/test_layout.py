"""How declared computes and engines divide a model."""

import pytest

from rlsd_pipeline.config.experiment import ExperimentConfig
from rlsd_pipeline.errors import ModelError
from rlsd_pipeline.plan.architecture import read_architecture
from rlsd_pipeline.plan.layout import Layout, layout
from rlsd_pipeline.plan.memory import divide

VLLM = {
    "type": "vllm",
    "dtype": "bfloat16",
    "tensor_parallel_size": 2,
    "data_parallel_size": 3,
    "gpu_memory_utilization": 0.3,
}


def _layout(**changes) -> Layout:
    declared = {
        "dataset": {"type": "jsonl", "path": "problems.jsonl"},
        "model": {"type": "pretrained", "name": "Qwen/Qwen3-VL-2B-Instruct", "dtype": "float32"},
        "arms": [{"weighting": {"type": "grpo"}}],
    }
    experiment = ExperimentConfig.model_validate(declared | changes)
    return layout(experiment, next(iter(experiment.lineages().values())))


def test_local_keeps_everything_in_one_precision() -> None:
    model = {"type": "pretrained", "name": "m", "dtype": "bfloat16"}
    found = _layout(model=model)
    sizes = (found.weight_bytes, found.compute_bytes, found.scoring_bytes, found.engine_bytes)
    assert sizes == (2, 2, 2, 2)
    # What the optimizer steps is float32, beside what computes.
    assert (found.master_bytes, found.base_bytes) == (4, 2)
    assert _layout().master_bytes == 0
    assert (found.shards, found.scoring_devices, found.engine_copies, found.devices) == (1, 1, 1, 1)
    assert (found.engine_share, found.engine_prompts, found.lora) == (None, 64, None)


def test_torchrun_divides_the_update_alone() -> None:
    compute = {
        "type": "torchrun",
        "processes_per_node": 8,
        "precision": "bfloat16",
        "activation_checkpointing": True,
    }
    model = {"type": "pretrained", "name": "m", "dtype": "bfloat16"}
    found = _layout(compute=compute, model=model)
    assert (found.shards, found.scoring_devices, found.engine_copies) == (8, 1, 1)
    # The update keeps float32 whatever is stored.
    assert (found.weight_bytes, found.compute_bytes, found.scoring_bytes) == (4, 2, 2)
    assert (found.master_bytes, found.base_bytes) == (0, 2)
    assert found.checkpointing


def test_every_ray_worker_scores_and_has_an_engine() -> None:
    compute = {"type": "ray", "workers": 6, "update_workers": 4, "precision": "bfloat16"}
    found = _layout(compute=compute)
    assert (found.shards, found.scoring_devices, found.engine_copies) == (4, 6, 6)
    # Scored in the precision that trains.
    assert (found.weight_bytes, found.compute_bytes, found.scoring_bytes) == (4, 2, 2)
    both = _layout(compute=compute, engine=VLLM)
    assert (both.engine_copies, both.engine_devices, both.devices) == (18, 2, 36)


def test_vllm_keeps_its_share_in_its_own_precision() -> None:
    found = _layout(engine=VLLM)
    assert (found.engine_copies, found.engine_devices) == (3, 2)
    assert (found.engine_share, found.engine_bytes, found.scoring_bytes) == (0.3, 2, 4)


def test_a_served_model_takes_nothing_here() -> None:
    served = {"type": "openai", "base_url": "http://localhost:8000/v1", "model": "m"}
    assert _layout(engine=served).engine_copies == 0


def test_an_adapter_is_the_declared_one() -> None:
    found = _layout(update={"lora": {"rank": 4, "target_modules": ["q_proj", "linear_fc1"]}})
    architecture = read_architecture(_model())
    # 28 layers from 2048 to 2048; 24 blocks from 1024 to 4096; four mergers from 4096 to 4096.
    expected = 4 * (28 * 4096 + 24 * 5120 + 4 * 8192)
    assert divide(architecture, found) == (architecture.parameters, expected)
    with pytest.raises(ModelError, match="no linear module 'q_pro'"):
        divide(architecture, _layout(update={"lora": {"target_modules": ["q_pro"]}}))


def _model():
    declared = {"type": "pretrained", "name": "Qwen/Qwen3-VL-2B-Instruct"}
    arms = [{"weighting": {"type": "grpo"}}]
    dataset = {"type": "jsonl", "path": "problems.jsonl"}
    return ExperimentConfig.model_validate(
        {"dataset": dataset, "model": declared, "arms": arms}
    ).model
