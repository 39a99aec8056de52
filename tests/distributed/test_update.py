"""Two processes do what one does: the same loss, metrics, gradients and weights."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest
import torch

from rlsd_pipeline.artifacts import Artifact
from rlsd_pipeline.components.location import class_of
from rlsd_pipeline.compute.job import UpdateJob, write_job
from rlsd_pipeline.errors import TrainingError
from rlsd_pipeline.models.policy import Policy
from rlsd_pipeline.update.policy_update import UpdateGroup
from rlsd_pipeline.weighting.method import TokenStreams

EVERY = TokenStreams._fields
NOTHING: Mapping[str, Any] = MappingProxyType({})


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
    update: Mapping[str, Any] = NOTHING
    job: Mapping[str, Any] = NOTHING


CASES = {
    "policy-gradient": Case(streams=("token_advantages",)),
    "divergence": Case(streams=("distillation_weights",)),
    "likelihood": Case(streams=("nll_weights",)),
    "anchor": Case(streams=("anchor_weights",)),
    "every-stream": Case(),
    "text": Case(model="llama"),
    # Experts lie on disk one by one, and are one tensor in memory.
    "mixture-of-experts": Case(model="qwen3_moe"),
    # 15 micro-batches: one process runs the last two while the other runs without weight.
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

ROUNDED = Case(job={"precision": "bfloat16"})

Outcome = tuple[Any, Any]


@pytest.fixture(scope="module")
def outcomes(
    build: Callable[[str], Policy],
    make_groups: Callable[..., list[UpdateGroup]],
    make_job: Callable[..., UpdateJob],
    keep: Callable[..., Artifact],
    alone: Callable[..., Any],
    together: Callable[..., None],
    read: Callable[[Path], Any],
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, Outcome]:
    """Every case by one process and by two; all in one start of the two."""
    folder, expected = tmp_path_factory.mktemp("jobs"), {}
    for name, case in {**CASES, "bfloat16": ROUNDED}.items():
        policy, job = build(case.model), make_job(dict(case.update), **case.job)
        artifact = keep(policy, name=case.model)
        groups = make_groups(policy, case.streams)
        (folder / name).mkdir()
        write_job(folder / name, job, artifact, groups)
        expected[name] = alone(artifact, groups, job)
    together(folder, 2)
    return {name: (one, read(folder / name)) for name, one in expected.items()}


@pytest.mark.parametrize("name", CASES)
def test_two_processes_equal_one(
    outcomes: dict[str, Outcome], far: Callable[..., float], name: str
) -> None:
    one, two = outcomes[name]
    assert two.metrics == pytest.approx(one.metrics, rel=1e-6, abs=1e-6)
    # A tenth of the clipped gradient itself.
    moments = {key: value for key, value in one.state.items() if key.endswith("exp_avg")}
    assert far(moments, two.state) < 1e-7
    assert max(value.abs().max().item() for value in moments.values()) > 1e-3
    # AdamW divides by the gradient's size, so where that is next to nothing its rounding shows: a
    # step is 2e-4, and no weight is off by a twentieth of it.
    assert far(one.weights, two.weights) < 1e-5
    assert one.weights.keys() == two.weights.keys()
    assert one.state.keys() == two.state.keys()


def test_what_moves(
    outcomes: dict[str, Outcome], build: Callable[[str], Policy], far: Callable[..., float]
) -> None:
    """Else two processes that do nothing would agree."""
    for name, case in CASES.items():
        before = dict(build(case.model).model.named_parameters())
        assert far(before, outcomes[name][1].weights) > 1.5e-4


def test_checkpointing_changes_nothing(
    outcomes: dict[str, Outcome], far: Callable[..., float]
) -> None:
    plain, again = outcomes["every-stream"][1], outcomes["checkpointing"][1]
    assert far(plain.weights, again.weights) < 1e-7


def test_bfloat16_rounds_the_computation_and_not_the_weights(
    outcomes: dict[str, Outcome], far: Callable[..., float]
) -> None:
    one, two = outcomes["bfloat16"]
    assert two.metrics["loss"] == pytest.approx(one.metrics["loss"], rel=0.02)
    assert two.metrics["loss"] != one.metrics["loss"]
    moments = [key for key in one.state if key.endswith("exp_avg")]
    exact, rounded = (
        torch.cat([updated.state[key].flatten() for key in moments]) for updated in (one, two)
    )
    assert torch.cosine_similarity(exact, rounded, dim=0) > 0.99
    assert {value.dtype for value in two.weights.values()} == {torch.float32}
    # A step of 2e-4 from weights around 0.1 is below half a unit of bfloat16, and is kept.
    assert not all(torch.equal(w, w.bfloat16().float()) for w in two.weights.values())


def test_a_gradient_that_is_not_finite_is_one_message(
    build: Callable[[str], Policy],
    make_groups: Callable[..., list[UpdateGroup]],
    make_job: Callable[..., UpdateJob],
    keep: Callable[..., Artifact],
    together: Callable[..., None],
    tmp_path: Path,
) -> None:
    policy = build("llama")
    groups = make_groups(policy, ("nll_weights",))
    spoilt = groups[0].tokens.streams.nll_weights
    assert spoilt is not None
    spoilt[0] = float("nan")
    folder = tmp_path / "jobs" / "job"
    folder.mkdir(parents=True)
    write_job(folder, make_job(), keep(policy, name="spoilt"), groups)
    with pytest.raises(TrainingError, match=r"optimizer step 1 .*loss is nan.* was not taken"):
        together(folder.parent, 2)


OWN = """\
from rlsd_pipeline.divergences.jsd import JSD


class Doubled(JSD):
    def entries(self, teacher, student):
        return 2 * super().entries(teacher, student)
"""


def test_a_divergence_of_a_users_own_goes_with_the_job(
    build: Callable[[str], Policy],
    make_groups: Callable[..., list[UpdateGroup]],
    make_job: Callable[..., UpdateJob],
    keep: Callable[..., Artifact],
    alone: Callable[..., Any],
    together: Callable[..., None],
    read: Callable[[Path], Any],
    tmp_path: Path,
) -> None:
    """The processes do not see its file, as on another node."""
    own = tmp_path / "divergence.py"
    own.write_text(OWN)
    policy = build("llama")
    groups = make_groups(policy, ("distillation_weights",))
    artifact, plain = keep(policy, name="own divergence"), make_job()
    assert plain.divergence is not None
    doubled = class_of(f"{own}:Doubled")(beta=0.3, top_k=5)
    job = plain.model_copy(update={"divergence": doubled})
    folder = tmp_path / "jobs" / "job"
    folder.mkdir(parents=True)
    write_job(folder, job, artifact, groups)
    own.unlink()
    together(folder.parent, 2)
    one, two = alone(artifact, groups, plain), read(folder)
    assert two.metrics["loss"] == pytest.approx(2 * one.metrics["loss"], rel=1e-5)
    assert one.metrics["loss"] > 1e-3
