"""Tiny policies with rollouts to learn from, and updates of them by one process and by several."""

import io
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor
from transformers import LlamaConfig, LlamaForCausalLM, Qwen3MoeConfig, Qwen3MoeForCausalLM
from transformers.tokenization_utils_fast import PreTrainedTokenizerFast

from rlsd_pipeline.artifacts import Artifact, ArtifactRequest, ArtifactStore, ArtifactWriter
from rlsd_pipeline.compute.job import UpdateJob
from rlsd_pipeline.compute.launcher import SubprocessLauncher
from rlsd_pipeline.compute.result import read_result
from rlsd_pipeline.compute.torchrun import Torchrun
from rlsd_pipeline.config.compute import TorchrunCompute
from rlsd_pipeline.config.model import TinyQwen3VL
from rlsd_pipeline.config.update import UpdateConfig
from rlsd_pipeline.divergences.jsd import JSD
from rlsd_pipeline.models.logprobs import Support
from rlsd_pipeline.models.policy import Policy
from rlsd_pipeline.models.pool import PolicyPool, optimizer_state, restore_optimizer
from rlsd_pipeline.models.skeleton import load_skeleton
from rlsd_pipeline.models.tiny_qwen3_vl import build_policy, train_tokenizer
from rlsd_pipeline.models.weights import OPTIMIZER, other_files, save_optimizer, save_weights
from rlsd_pipeline.progress import Silent
from rlsd_pipeline.update.policy_update import UpdateGroup, make_optimizer, update_policy
from rlsd_pipeline.update.token_loss import Tokens
from rlsd_pipeline.weighting.method import TokenStreams
from schemas import PolicyCheckpoint

QUESTIONS = ["is there a red circle?", "what colour?", "does it contain a triangle?", "shape?", "?"]
PICTURES: list[list[tuple[int, int]]] = [[(64, 64)], [], [(96, 32), (64, 64)], [(32, 96)], []]


class Updated(NamedTuple):
    """What an update made, from one process or from several."""

    weights: dict[str, Tensor]
    state: dict[str, Tensor]
    metrics: dict[str, float]


@pytest.fixture(scope="session")
def tokenizer() -> PreTrainedTokenizerFast:
    return train_tokenizer(["is there a red circle in the image? what colour is the shape?"], 300)


@pytest.fixture(scope="session")
def build(tokenizer: PreTrainedTokenizerFast) -> Callable[[str], Policy]:
    """Builds a tiny untrained policy by name, each time a new one with the same weights."""

    def build(name: str) -> Policy:
        if name == "qwen3_vl":
            size = {"hidden_size": 32, "intermediate_size": 48, "vision_hidden_size": 16}
            return build_policy(TinyQwen3VL(layers=2, **size), tokenizer)
        sizes: dict[str, Any] = {
            "vocab_size": len(tokenizer),
            "hidden_size": 32,
            "intermediate_size": 48,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "num_key_value_heads": 1,
            "head_dim": 16,
            "initializer_range": 0.2,
            "bos_token_id": None,
            "eos_token_id": tokenizer.eos_token_id,
            "pad_token_id": tokenizer.pad_token_id,
            "tie_word_embeddings": False,
        }
        experts = {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 16}
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            if name == "qwen3_moe":
                return Policy(Qwen3MoeForCausalLM(Qwen3MoeConfig(**sizes, **experts)), tokenizer)
            return Policy(LlamaForCausalLM(LlamaConfig(**sizes)), tokenizer)

    return build


def _png(width: int, height: int) -> bytes:
    buffer = io.BytesIO()
    pixels = random.Random(f"{width}/{height}").randbytes(width * height * 3)
    Image.frombytes("RGB", (width, height), pixels).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture(scope="session")
def make_groups() -> Callable[..., list[UpdateGroup]]:
    """Makes five prompts, some with images, each with responses of one to nine tokens."""

    def make_groups(policy: Policy, streams: Sequence[str], seed: int = 0) -> list[UpdateGroup]:
        rng, noise = random.Random(seed), torch.Generator().manual_seed(seed)
        groups = []
        for question, sizes in zip(QUESTIONS, PICTURES, strict=True):
            images = [_png(*size) for size in sizes] if policy.reads_images else []
            prompt = policy.encode(question, images)
            completions = [rng.choices(range(20, 260), k=rng.randint(1, 9)) for _ in range(3)]
            count = sum(map(len, completions))
            credit = {
                "token_advantages": torch.tensor([rng.gauss(0, 1) for _ in range(count)]),
                "distillation_weights": torch.tensor([9 * rng.random() for _ in range(count)]),
                "nll_weights": torch.tensor([rng.random() for _ in range(count)]),
                "anchor_weights": torch.tensor([rng.random() for _ in range(count)]),
            }
            teacher = None
            if "distillation_weights" in streams:
                logits = 2 * torch.randn(count, 260, generator=noise)
                top = logits.softmax(-1).topk(5, dim=-1)
                teacher = Support(top.indices, top.values.log(), (1 - top.values.sum(-1)).log())
            tokens = Tokens(
                torch.tensor([-5.5 + rng.uniform(-0.5, 0.5) for _ in range(count)]),
                TokenStreams(**{name: credit[name] for name in streams}),
                teacher,
                base_logprobs=torch.tensor([-5.5 + rng.uniform(-2, 2) for _ in range(count)]),
            )
            groups.append(UpdateGroup(prompt, completions, tokens))
        return groups

    return make_groups


@pytest.fixture(scope="session")
def make_job() -> Callable[..., UpdateJob]:
    """Describes an update whose step is well beyond rounding."""

    def make_job(update: dict[str, Any] | None = None, **job: Any) -> UpdateJob:
        config = {"learning_rate": 2e-4, "max_grad_norm": 0.5, **(update or {})}
        return UpdateJob(
            update=UpdateConfig(**config),
            divergence=JSD(beta=0.3, top_k=5),
            temperature=0.8,
            seed=1,
            **job,
        )

    return make_job


@pytest.fixture(scope="session")
def far() -> Callable[..., float]:
    """The largest difference of any element of tensors of the same name."""

    def far(first: dict[str, Tensor], second: dict[str, Tensor]) -> float:
        return max((first[name] - second[name]).abs().max().item() for name in first)

    return far


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> ArtifactStore:
    return ArtifactStore(tmp_path_factory.mktemp("store"))


@pytest.fixture(scope="session")
def keep_update(store: ArtifactStore) -> Callable[..., Artifact]:
    """Writes the result of an update as an artifact, beside another one's processor."""

    def keep_update(updated: Updated, of: Artifact, name: str) -> Artifact:
        def write(out: ArtifactWriter) -> None:
            checkpoint, folder = of.record(PolicyCheckpoint), out.path("config.json").parent
            kept = other_files(checkpoint.model_files)
            of.checkout(folder, kept)
            weights = save_weights(load_skeleton(folder).model, folder, dict(updated.weights))
            changes = {
                "model_files": [*kept, *weights],
                "optimizer_files": save_optimizer(folder, updated.state.items()),
            }
            out.record(checkpoint.model_copy(update=changes))

        return store.produce(ArtifactRequest("policy_checkpoint", "1", {"name": name}), write)

    return keep_update


@pytest.fixture(scope="session")
def keep(store: ArtifactStore) -> Callable[..., Artifact]:
    """Writes a policy as an artifact."""

    def keep(policy: Policy, state: dict[str, Tensor] | None = None, name: str = "a") -> Artifact:
        def write(out: ArtifactWriter) -> None:
            files = policy.save(out.path("config.json").parent)
            if state:
                save_file(state, out.path(OPTIMIZER))
            out.record(
                PolicyCheckpoint(
                    updates=0,
                    parent=None,
                    architecture=type(policy.model).__name__,
                    parameters=policy.model.num_parameters(),
                    metrics={},
                    model_files=files,
                    optimizer_files=[OPTIMIZER] if state else [],
                )
            )

        return store.produce(ArtifactRequest("policy", "1", {"name": name}), write)

    return keep


@pytest.fixture(scope="session")
def alone() -> Callable[..., Updated]:
    """Runs a job in this process, as `compute: local` does."""

    def alone(artifact: Artifact, groups: list[UpdateGroup], job: UpdateJob) -> Updated:
        policy, state = PolicyPool().take(artifact)
        optimizer = make_optimizer(policy, job.update)
        restore_optimizer(policy, optimizer, state)
        metrics = update_policy(
            policy,
            optimizer,
            groups,
            job.update,
            temperature=job.temperature,
            seed=job.seed,
            divergence=job.divergence,
        )
        weights = {name: value.detach() for name, value in policy.model.named_parameters()}
        return Updated(weights, optimizer_state(policy, optimizer), metrics)

    return alone


class _Many(SubprocessLauncher):
    worker = "tests.distributed.many"


@pytest.fixture(scope="session")
def together() -> Callable[..., None]:
    """Runs all jobs of a folder by some processes."""

    def together(folder: Path, processes: int, **changes: Any) -> None:
        config = TorchrunCompute(processes_per_node=processes, device="cpu", threads=1, **changes)
        Torchrun(config, _Many()).train(folder, Silent())

    return together


@pytest.fixture(scope="session")
def read() -> Callable[[Path], Updated]:
    """What the processes of a job left behind."""

    def read(folder: Path) -> Updated:
        result = read_result(folder)
        tensors = (dict(result.tensors(kind)) for kind in ("weights", "optimizer"))
        return Updated(*tensors, result.metrics)

    return read
