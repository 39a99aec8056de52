"""A tiny policy in bfloat16, trained for some iterations at the paper's learning rate."""

from collections.abc import Callable, Sequence
from operator import methodcaller
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from rlsd_pipeline.artifacts import Artifact, ArtifactStore
from rlsd_pipeline.config.experiment import ExperimentConfig
from rlsd_pipeline.config.model import TinyQwen3VL
from rlsd_pipeline.models.tiny_qwen3_vl import build_policy, train_tokenizer
from rlsd_pipeline.stages.iteration.policy import PolicyStage
from rlsd_pipeline.stages.iteration.problems import ProblemsStage
from rlsd_pipeline.stages.registry import ITERATION
from rlsd_pipeline.stages.workspace import StageRun, Workspace
from schemas import PolicyCheckpoint
from tests.small_experiment import ATTRIBUTES

ARM = "rlsd-s0"

STAGES: tuple[Callable[[StageRun], Artifact], ...] = tuple(
    methodcaller("make", stage) for stage in ITERATION
)


def save_model(folder: Path) -> Path:
    """Write an untrained vision-language model in float32, with its tokenizer."""
    tokenizer = train_tokenizer(["is there a red circle in the image? what colour is it?"], 300)
    size = {"hidden_size": 32, "intermediate_size": 48, "vision_hidden_size": 16}
    folder.mkdir(parents=True)
    build_policy(TinyQwen3VL(layers=2, **size), tokenizer).save(folder)
    return folder


def open_workspace(folder: Path, compute: dict[str, Any], **changes: Any) -> Workspace:
    """An experiment on the model of `save_model` in a folder, whose store lies beside it."""
    declared = {
        "dataset": ATTRIBUTES["dataset"],
        "model": {"type": "pretrained", "name": str(folder / "model"), "dtype": "bfloat16"},
        "prompts": {
            "student": "{question}",
            "answer_reference": "{question} reference: {answer}",
        },
        "sampling": {"prompts": 4, "group_size": 4, "max_prompt_tokens": 128, "max_tokens": 24},
        # An untrained model often writes broken UTF-8: rewarding it makes responses unequal.
        "verifier": {"type": "exact", "extraction": {"type": "last_line", "prefix": "\ufffd"}},
        "teacher": {"type": "live"},
        "update": {"learning_rate": 1e-6},
        "arms": [{"weighting": {"type": "rlsd"}}],
        "iterations": 4,
        "compute": compute,
    }
    experiment = ExperimentConfig.model_validate(declared | changes)
    return Workspace("rounded", experiment, ArtifactStore(folder / "store"))


def train(workspace: Workspace, iterations: int) -> list[Artifact]:
    """The base policy and the checkpoint of each iteration."""
    workspace.whole().make(ProblemsStage)
    policies = [workspace.at(ARM, 0).make(PolicyStage)]
    for iteration in range(iterations):
        run = workspace.at(ARM, iteration)
        policies.append([stage(run) for stage in STAGES][-1])
    return policies


def weights(policy: Artifact) -> dict[str, Tensor]:
    """As the artifact stores them."""
    return load_file(policy.local_path("model.safetensors"))


def moved(before: Artifact, after: Artifact) -> float:
    """Share of the weights that are other ones."""
    old, new = weights(before), weights(after)
    count = sum(int((new[name].float() != value.float()).sum()) for name, value in old.items())
    return count / sum(value.numel() for value in old.values())


def assert_small_updates_add_up(base: Artifact, checkpoints: Sequence[Artifact]) -> None:
    """Float32 weights move by a rate of 1e-6, and scoring and training agree about the ratio.

    The processes divide the responses otherwise than scoring did, which rounds otherwise.
    """
    for checkpoint in checkpoints:
        assert {value.dtype for value in weights(checkpoint).values()} == {torch.float32}
        assert moved(base, checkpoint) > 0.99
        metrics = checkpoint.record(PolicyCheckpoint).metrics
        assert metrics["ratio_mean"] == pytest.approx(1.0, abs=1e-3)
        assert metrics["ratio_max"] == pytest.approx(1.0, abs=0.03)
