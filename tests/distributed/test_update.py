"""Two processes do what one does."""

from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from torch import Tensor

from rlsd_pipeline.artifacts import Artifact
from rlsd_pipeline.compute.job import UpdateJob, write_job
from rlsd_pipeline.config.divergence import JSD
from rlsd_pipeline.config.update import UpdateConfig
from rlsd_pipeline.models.policy import Policy
from rlsd_pipeline.update.policy_update import UpdateGroup
from rlsd_pipeline.weighting.method import TokenStreams

EVERY = TokenStreams._fields


class Case(NamedTuple):
    """One update.

    Attributes:
        model: Name of the policy.
        streams: What its tokens carry.
        update: Changes of the update's configuration.
        job: Changes of the job.
    """

    model: str = "qwen3_vl"
    streams: tuple[str, ...] = EVERY
    update: dict[str, Any] = MappingProxyType({})
    job: dict[str, Any] = MappingProxyType({})


CASES = {
    "policy-gradient": Case(streams=("token_advantages",)),
    "divergence": Case(streams=("distillation_weights",)),
    "likelihood": Case(streams=("nll_weights",)),
    "every-stream": Case(),
    "text": Case(model="llama"),
    "one-response-at-a-time": Case(update={"micro_batch_tokens": 1}),
    "small-budget": Case(update={"micro_batch_tokens": 150}),
    "token-mean": Case(update={"denominator": "token", "dual_clip": 3.0}),
    "several-steps": Case(update={"prompts_per_step": 2, "epochs": 2}),
    "checkpointing": Case(job={"activation_checkpointing": True}),
    "text-checkpointing": Case(
        model="llama",
        update={"micro_batch_tokens": 60},
        job={"activation_checkpointing": True},
    ),
}


def job_of(case: Case) -> UpdateJob:
    config = {"learning_rate": 1e-3, "max_grad_norm": 0.5, **case.update}
    return UpdateJob(
        update=UpdateConfig(**config),
        divergence=JSD(beta=0.3, top_k=5),
        temperature=0.8,
        seed=1,
        **case.job,
    )


def test_two_processes_equal_one(
    build: Callable[[str], Policy],
    make_groups: Callable[..., list[UpdateGroup]],
    keep: Callable[..., Artifact],
    alone: Callable[..., Any],
    together: Callable[..., None],
    read: Callable[[Path], Any],
    tmp_path: Path,
) -> None:
    expected = {}
    for name, case in CASES.items():
        policy, job = build(case.model), job_of(case)
        artifact = keep(policy, name=case.model)
        groups = make_groups(policy, case.streams)
        (tmp_path / "jobs" / name).mkdir(parents=True)
        write_job(tmp_path / "jobs" / name, job, artifact, groups)
        expected[name] = alone(artifact, groups, job)
    together(tmp_path / "jobs", 2)
    for name, one in expected.items():
        two = read(tmp_path / "jobs" / name)
        print(
            name,
            far(one.metrics, two.metrics),
            largest(one.state, two.state, "exp_avg"),
            largest(one.weights, two.weights),
        )


def far(a, b):
    assert a.keys() == b.keys()
    return max(abs(a[k] - b[k]) for k in a)


def largest(first: dict[str, Tensor], second: dict[str, Tensor], end: str = "") -> float:
    assert first.keys() == second.keys()
    return max((first[n] - second[n]).abs().max().item() for n in first if n.endswith(end))
