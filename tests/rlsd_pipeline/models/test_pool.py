from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from rlsd_pipeline.artifacts import Artifact, ArtifactRequest, ArtifactStore, ArtifactWriter
from rlsd_pipeline.config.update import UpdateConfig
from rlsd_pipeline.models.logprobs import ScoringBatch, completion_logprobs
from rlsd_pipeline.models.policy import Policy
from rlsd_pipeline.models.pool import (
    PolicyPool,
    Trained,
    not_finite_weights,
    optimizer_state,
    restore_optimizer,
)
from rlsd_pipeline.models.weights import OPTIMIZER, WEIGHTS
from rlsd_pipeline.update.policy_update import make_optimizer
from schemas import PolicyCheckpoint

Keep = Callable[..., Artifact]


@pytest.fixture
def keep(tmp_path: Path) -> Keep:
    """Writes a policy as an artifact; `name` tells artifacts apart."""
    store = ArtifactStore(tmp_path / "store")

    def keep(
        policy: Policy, name: str = "a", state: dict[str, torch.Tensor] | None = None
    ) -> Artifact:
        def write(out: ArtifactWriter) -> None:
            files = policy.save(out.path("config.json").parent)
            if state:
                save_file(state, out.path(OPTIMIZER))
            out.record(
                PolicyCheckpoint(
                    updates=0,
                    parent=None,
                    architecture=name,
                    parameters=policy.model.num_parameters(),
                    metrics={},
                    model_files=files,
                    optimizer_files=[OPTIMIZER] if state else [],
                )
            )

        return store.produce(ArtifactRequest("policy", "1", {"name": name}), write)

    return keep


def score(policy: Policy) -> list[list[float]]:
    batch = ScoringBatch([policy.encode("a red circle?")], [0], [[40, 41]])
    return completion_logprobs(policy, batch)


def trained_optimizer(policy: Policy) -> torch.optim.AdamW:
    """An optimizer after two steps on made-up gradients."""
    optimizer = make_optimizer(policy, UpdateConfig(learning_rate=1e-3))
    generator = torch.Generator().manual_seed(0)
    for _ in range(2):
        for parameter in policy.model.parameters():
            parameter.grad = torch.randn(parameter.shape, generator=generator)
        optimizer.step()
    return optimizer


def test_get_loads_once(keep: Keep, vision_policy: Policy) -> None:
    pool, artifact = PolicyPool(), keep(vision_policy)
    loaded = pool.get(artifact)
    assert pool.get(artifact) is loaded
    assert score(loaded) == score(vision_policy)


def test_take_gives_the_policy_away(keep: Keep, vision_policy: Policy) -> None:
    pool, artifact = PolicyPool(), keep(vision_policy)
    loaded = pool.get(artifact)
    taken = pool.take(artifact)
    assert taken.policy is loaded
    with torch.no_grad():
        for parameter in taken.policy.model.parameters():
            parameter.zero_()
    # What was taken may be changed: the next reader gets the weights of the artifact.
    again = pool.get(artifact)
    assert again is not loaded
    assert score(again) == score(vision_policy)


def test_take_of_what_was_never_loaded(keep: Keep, vision_policy: Policy) -> None:
    taken = PolicyPool().take(keep(vision_policy))
    assert score(taken.policy) == score(vision_policy)
    assert taken.optimizer_state == {}


def test_put_serves_without_loading(keep: Keep, vision_policy: Policy) -> None:
    pool, artifact = PolicyPool(), keep(vision_policy)
    mine = Trained(vision_policy, {"x/step": torch.ones(1)})
    pool.put(artifact.digest, mine)
    assert pool.get(artifact) is vision_policy
    assert pool.take(artifact) is mine


def test_the_least_recently_used_one_goes(keep: Keep, vision_policy: Policy) -> None:
    pool = PolicyPool(capacity=2)
    first, second, third = (keep(vision_policy, name) for name in "abc")
    kept, lost = pool.get(first), pool.get(second)
    pool.get(first)
    pool.get(third)
    assert pool.get(first) is kept
    assert pool.get(second) is not lost


@pytest.mark.parametrize("name", ["qwen3_vl", "llama"])
def test_optimizer_goes_through_a_file(
    build: Callable[[str], Policy], tmp_path: Path, name: str
) -> None:
    policy = build(name)
    optimizer = trained_optimizer(policy)
    state = optimizer_state(policy, optimizer)
    parameters = dict(policy.model.named_parameters())
    # AdamW keeps two moments of the parameter's shape, and the number of steps.
    assert len(state) == 3 * len(parameters)
    assert {key.rsplit("/", 1)[0] for key in state} == set(parameters)
    for key, value in state.items():
        parameter, field = key.rsplit("/", 1)
        assert value.shape == ((1,) if field == "step" else parameters[parameter].shape)
        assert field != "step" or value.item() == 2
    save_file(state, tmp_path / "state.safetensors")

    other = make_optimizer(policy, UpdateConfig(learning_rate=1e-3))
    restore_optimizer(policy, other, load_file(tmp_path / "state.safetensors"))
    found, expected = other.state_dict(), optimizer.state_dict()
    assert found["param_groups"] == expected["param_groups"]
    assert found["state"].keys() == expected["state"].keys()
    for index, fields in expected["state"].items():
        assert found["state"][index].keys() == fields.keys()
        for field, value in fields.items():
            assert torch.equal(found["state"][index][field], value)


def test_restored_state_keeps_the_newly_declared_learning_rate(
    build: Callable[[str], Policy],
) -> None:
    policy = build("llama")
    state = optimizer_state(policy, trained_optimizer(policy))
    other = make_optimizer(policy, UpdateConfig(learning_rate=5e-4))
    restore_optimizer(policy, other, state)
    assert other.param_groups[0]["lr"] == 5e-4


def test_taken_optimizer_state_is_a_copy(build: Callable[[str], Policy]) -> None:
    policy = build("llama")
    optimizer = trained_optimizer(policy)
    state = optimizer_state(policy, optimizer)
    before = {name: value.clone() for name, value in state.items()}
    optimizer.step()
    assert all(torch.equal(state[name], before[name]) for name in state)


def test_parameters_without_a_gradient_have_no_state(build: Callable[[str], Policy]) -> None:
    """The vision tower, where no problem has an image."""
    policy = build("qwen3_vl")
    optimizer = make_optimizer(policy, UpdateConfig())
    for name, parameter in policy.model.named_parameters():
        parameter.grad = None if ".visual." in name else torch.ones_like(parameter)
    optimizer.step()
    state = optimizer_state(policy, optimizer)
    assert state
    assert not [key for key in state if ".visual." in key]
    other = make_optimizer(policy, UpdateConfig())
    restore_optimizer(policy, other, state)
    assert optimizer_state(policy, other).keys() == state.keys()


def test_state_comes_with_the_artifact(keep: Keep, build: Callable[[str], Policy]) -> None:
    policy = build("llama")
    state = optimizer_state(policy, trained_optimizer(policy))
    taken = PolicyPool().take(keep(policy, state=state))
    assert taken.optimizer_state.keys() == state.keys()
    assert all(torch.equal(taken.optimizer_state[key], state[key]) for key in state)


def test_weights_that_are_not_numbers_are_counted(
    keep: Keep, build: Callable[[str], Policy]
) -> None:
    policy = build("llama")
    assert not_finite_weights(keep(policy)) == 0
    with torch.no_grad():
        policy.model.lm_head.weight[0, :3] = torch.tensor([float("nan"), float("inf"), 1.0])
    damaged = keep(policy, "b")
    assert WEIGHTS in damaged.manifest.files
    assert not_finite_weights(damaged) == 2
