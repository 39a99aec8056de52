"""Low-rank adapters: what is trained, what is published, and how training goes on."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from rlsd_pipeline.artifacts import Artifact, ArtifactStore
from rlsd_pipeline.config.experiment import ExperimentConfig
from rlsd_pipeline.config.update import LoRAConfig
from rlsd_pipeline.errors import ModelError
from rlsd_pipeline.models.adapter import adapter_shapes, add_adapter, merge, new_adapter
from rlsd_pipeline.models.logprobs import ScoringBatch, completion_logprobs
from rlsd_pipeline.models.policy import Policy
from rlsd_pipeline.stages.iteration.logprobs import LogprobsStage
from rlsd_pipeline.stages.iteration.policy import PolicyStage
from rlsd_pipeline.stages.iteration.policy_checkpoint import PolicyCheckpointStage
from rlsd_pipeline.stages.iteration.problems import ProblemsStage
from rlsd_pipeline.stages.iteration.rewards import RewardsStage
from rlsd_pipeline.stages.iteration.rollouts import RolloutsStage
from rlsd_pipeline.stages.iteration.token_weights import TokenWeightsStage
from rlsd_pipeline.stages.workspace import Workspace
from schemas import PolicyCheckpoint
from tests.distributed.experiment import ATTRIBUTES, TWO_PROCESSES

peft = pytest.importorskip("peft", reason="the extra `lora` is not installed")

LORA = {"rank": 4, "alpha": 8.0}
ARM = "grpo-s0"
CHANGED = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


def workspace(store: Path, compute: dict[str, Any], **update: Any) -> Workspace:
    declared = ATTRIBUTES | {"compute": compute, "update": ATTRIBUTES["update"] | update}
    return Workspace("small", ExperimentConfig.model_validate(declared), ArtifactStore(store))


def iterate(opened: Workspace, iteration: int) -> Artifact:
    """All stages of an iteration; the checkpoint."""
    run = opened.at(ARM, iteration)
    for stage in (RolloutsStage, RewardsStage, LogprobsStage, TokenWeightsStage):
        run.make(stage)
    return run.make(PolicyCheckpointStage)


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Artifact]]:
    """Two iterations in one process: the base and the checkpoints."""
    store = tmp_path_factory.mktemp("adapters")
    opened = workspace(store, ATTRIBUTES["compute"], lora=LORA)
    opened.whole().make(ProblemsStage)
    base = opened.at(ARM, 0).make(PolicyStage)
    return store, [base, iterate(opened, 0), iterate(opened, 1)]


def weights(artifact: Artifact) -> dict[str, torch.Tensor]:
    return load_file(artifact.local_path("model.safetensors"))


def test_only_adapted_weights_change(local: tuple[Path, list[Artifact]]) -> None:
    base, first, second = local[1]
    before, after = weights(base), weights(first)
    assert before.keys() == after.keys()
    for name in before:
        moved = not torch.equal(before[name], after[name])
        adapted = ".language_model." in name and any(part in name for part in CHANGED)
        assert moved == (adapted and not name.endswith("norm.weight")), name
    for checkpoint in (first, second):
        record = checkpoint.record(PolicyCheckpoint)
        assert record.adapter_files == ["adapter_config.json", "adapter_model.safetensors"]
        assert not set(record.adapter_files) & set(record.model_files)
        state = load_file(checkpoint.local_path("optimizer.safetensors"))
        assert all(".lora_" in name for name in state)


def test_merged_weights_are_base_plus_adapter(
    local: tuple[Path, list[Artifact]], tmp_path: Path
) -> None:
    """By hand, from the files: W + alpha / rank B A of the second iteration on the first base."""
    base, _, second = local[1]
    before, after = weights(base), weights(second)
    adapter = load_file(second.local_path("adapter_model.safetensors"))
    pairs = [name for name in adapter if name.endswith(".lora_A.weight")]
    assert len(pairs) == 2 * 7
    for name in pairs:
        plain = name.removeprefix("base_model.model.").replace(".lora_A.weight", ".weight")
        a, b = adapter[name].double(), adapter[name.replace("lora_A", "lora_B")].double()
        expected = before[plain].double() + 2.0 * b @ a
        assert (after[plain].double() - expected).abs().max() < 1e-7
        assert (after[plain] - before[plain]).abs().max() > 1e-6


def test_peft_reads_the_adapter(local: tuple[Path, list[Artifact]], tmp_path: Path) -> None:
    from rlsd_pipeline.models.loading import load_policy

    base, _, second = local[1]
    folder = base.checkout(tmp_path / "base", base.record(PolicyCheckpoint).model_files)
    adapter = second.checkout(tmp_path / "adapter", second.record(PolicyCheckpoint).adapter_files)
    policy = load_policy(folder)
    wrapped = peft.PeftModel.from_pretrained(policy.model, adapter)
    ids = torch.tensor([[40, 41, 42, 43]])
    unmerged = wrapped(input_ids=ids).logits
    names = second.record(PolicyCheckpoint).model_files
    merged = load_policy(second.checkout(tmp_path / "merged", names))
    assert (merged.model(input_ids=ids).logits - unmerged).abs().max() < 1e-5


def test_two_processes_equal_one(
    local: tuple[Path, list[Artifact]], far: Callable[..., float]
) -> None:
    store, (_, first, second) = local
    one = [weights(first), weights(second)]
    adapter = load_file(second.local_path("adapter_model.safetensors"))
    opened = workspace(store, TWO_PROCESSES, lora=LORA)
    # On the very same tables: the artifacts of one process are taken for those of two.
    again = opened.at(ARM, 1, recompute=True).make(PolicyCheckpointStage)
    assert again.fingerprint == second.fingerprint
    assert far(one[1], weights(again)) < 1e-5
    assert far(adapter, load_file(again.local_path("adapter_model.safetensors"))) < 1e-5
    assert far(one[0], one[1]) > 1e-5


def test_arms_cannot_change_what_they_train(local: tuple[Path, list[Artifact]]) -> None:
    store = local[0]
    opened = workspace(store, ATTRIBUTES["compute"], lora={"rank": 2})
    with pytest.raises(ModelError, match="its rank and its target_modules cannot change"):
        opened.at(ARM, 1).make(PolicyCheckpointStage)
    opened = workspace(store, ATTRIBUTES["compute"])
    with pytest.raises(ModelError, match="has trained an adapter so far"):
        opened.at(ARM, 1).make(PolicyCheckpointStage)


def test_unknown_modules_are_refused(build: Callable[[str], Policy]) -> None:
    config = LoRAConfig(target_modules=("query",))
    with pytest.raises(ModelError, match=r"linear modules are called down_proj, gate_proj"):
        add_adapter(build("llama").model, config)


def test_a_new_adapter_adds_nothing_and_is_merged_exactly(build: Callable[[str], Policy]) -> None:
    policy, plain = build("llama"), build("llama")
    batch = ScoringBatch([policy.encode("a red circle?")], [0], [[40, 41, 42]])
    add_adapter(policy.model, LoRAConfig(rank=4, alpha=8.0))
    shapes = adapter_shapes(policy.model)
    values = new_adapter(shapes, 3)
    assert all((v == 0).all() == (".lora_B." in name) for name, v in values.items())
    policy.model.load_state_dict(values, strict=False, assign=True)
    assert completion_logprobs(policy, batch) == completion_logprobs(plain, batch)

    generator = torch.Generator().manual_seed(0)
    changed = {name: torch.randn(shape, generator=generator) / 10 for name, shape in shapes.items()}
    policy.model.load_state_dict(changed, strict=False, assign=True)
    unmerged = completion_logprobs(policy, batch)[0]
    merge(policy.model)
    assert completion_logprobs(policy, batch)[0] == pytest.approx(unmerged, abs=1e-5)
    assert unmerged != pytest.approx(completion_logprobs(plain, batch)[0], abs=1e-2)
    names = [name for name, _ in policy.model.named_parameters()]
    assert names == [name for name, _ in plain.model.named_parameters()]
