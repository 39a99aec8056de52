"""A policy in bfloat16: small updates add up, and one precision scores and trains."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from rlsd_pipeline.artifacts import Artifact
from rlsd_pipeline.credit.tables import flat
from rlsd_pipeline.models.pool import PolicyPool
from rlsd_pipeline.stages.iteration.logprobs import LogprobsStage
from rlsd_pipeline.stages.iteration.policy_checkpoint import PolicyCheckpointStage
from rlsd_pipeline.stages.workspace import Workspace
from schemas import PolicyCheckpoint, Rollout, TokenLogprobs
from tests.rounded_policy import ARM, STAGES, moved, open_workspace, save_model, train, weights

LOCAL = {"type": "local"}
LORA = {"learning_rate": 1e-6, "lora": {"rank": 4, "alpha": 8.0}}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, list[Artifact]]:
    """Three iterations of all weights; not to be changed."""
    folder = tmp_path_factory.mktemp("rounded")
    save_model(folder / "model")
    workspace = open_workspace(folder, LOCAL)
    return workspace, train(workspace, 3)


def test_small_updates_of_bfloat16_weights_add_up(
    trained: tuple[Workspace, list[Artifact]],
) -> None:
    _, (base, *checkpoints) = trained
    assert {value.dtype for value in weights(base).values()} == {torch.bfloat16}
    for checkpoint in checkpoints:
        assert {value.dtype for value in weights(checkpoint).values()} == {torch.float32}
        assert moved(base, checkpoint) > 0.99
        state = load_file(checkpoint.local_path("optimizer.safetensors"))
        assert {value.dtype for value in state.values()} == {torch.float32}
    assert moved(*checkpoints[:2]) > 0.99
    # Rounded to bfloat16, next to nothing of it would have been left.
    before = weights(base)
    rounded = {n: value.bfloat16() for n, value in weights(checkpoints[-1]).items()}
    left = sum(int((rounded[name] != value).sum()) for name, value in before.items())
    assert left / sum(value.numel() for value in before.values()) < 0.05


def test_it_samples_in_bfloat16_what_it_stores_in_float32(
    trained: tuple[Workspace, list[Artifact]],
) -> None:
    workspace, policies = trained
    config = json.loads(policies[-1].local_path("config.json").read_text())
    assert config["dtype"] == "bfloat16"
    kept, loaded = workspace.pool.get(policies[-1]), PolicyPool().get(policies[-1])
    assert kept is not loaded
    assert kept.model.dtype == loaded.model.dtype == torch.bfloat16
    state = loaded.model.state_dict()
    assert kept.masters is None
    for name, value in kept.model.state_dict().items():
        assert torch.equal(state[name], value), name
    exact = PolicyPool().get(policies[-1], "float32")
    stored = weights(policies[-1])
    assert all(torch.equal(p, stored[n]) for n, p in exact.model.named_parameters())


def test_the_precision_that_trains_scores_and_the_first_ratio_is_one(
    trained: tuple[Workspace, list[Artifact]],
) -> None:
    workspace, (_, *checkpoints) = trained
    for iteration, checkpoint in enumerate(checkpoints):
        metrics = checkpoint.record(PolicyCheckpoint).metrics
        assert metrics["ratio_mean"] == metrics["ratio_max"] == 1.0
        run = workspace.at(ARM, iteration)
        measured = run.read("logprobs").manifest.measurements
        # Every response is scored again, and it matters: sampling rounded otherwise.
        assert measured["student_rollouts_scored"] == 16
        assert measured["engine_gap_max"] > 1e-4
        scored = run.read("logprobs").table(TokenLogprobs)["student_logprobs"].to_pylist()
        assert scored != run.read("rollouts").table(Rollout)["rollout_logprobs"].to_pylist()


def test_going_on_in_another_process_gives_the_same(
    trained: tuple[Workspace, list[Artifact]],
) -> None:
    workspace, policies = trained
    workspace.pool = PolicyPool()
    (_, *again) = train(workspace, 3)
    assert [each.digest for each in again] == [each.digest for each in policies[1:]]
    fresh = Workspace("rounded", workspace.experiment, workspace.store)
    assert fresh.at(ARM, 2, recompute=True).make(PolicyCheckpointStage).digest == policies[3].digest


def test_scoring_follows_an_update_in_another_precision(tmp_path: Path) -> None:
    """Sampled in bfloat16, scored in the float32 that several processes would train in."""
    save_model(tmp_path / "model")
    compute = {"type": "torchrun", "precision": "float32", "device": "cpu"}
    rounded, exact = (open_workspace(tmp_path, each) for each in (LOCAL, compute))
    train(rounded, 0)
    for stage in STAGES[:2]:
        stage(rounded.at(ARM, 0))
    tables = [each.at(ARM, 0).make(LogprobsStage) for each in (rounded, exact)]
    assert tables[0].fingerprint != tables[1].fingerprint
    policy = PolicyPool().get(exact.at(ARM, 0).read("policy"), "float32")
    assert policy.model.dtype == torch.float32
    ours, theirs = (
        flat(each.table(TokenLogprobs, ["student_logprobs"])["student_logprobs"]) for each in tables
    )
    gap = (ours - theirs).abs().max()
    assert 1e-4 < gap < 0.1


def test_an_adapter_stays_beside_bfloat16_weights(tmp_path: Path) -> None:
    pytest.importorskip("peft", reason="the extra `lora` is not installed")
    save_model(tmp_path / "model")
    workspace = open_workspace(tmp_path, LOCAL, update=LORA)
    base, *checkpoints = train(workspace, 2)
    before = weights(base)
    for checkpoint in checkpoints:
        assert checkpoint.record(PolicyCheckpoint).metrics["ratio_max"] == 1.0
        exact, sampling = weights(checkpoint), PolicyPool().get(checkpoint)
        parameters = dict(sampling.model.named_parameters())
        adapters = [name for name in parameters if ".lora_" in name]
        assert len(adapters) == 2 * 2 * 7
        assert {value.dtype for value in parameters.values()} == {torch.bfloat16}
        assert all(parameters[name].any() for name in adapters)
        adapted = [name for name in parameters if ".base_layer." in name]
        for name in adapted:
            plain = name.replace(".base_layer.", ".")
            # The base is what it was, to the last bit, and what is stored is more exact.
            assert torch.equal(parameters[name], before[plain])
            assert (exact[plain] != before[plain].float()).float().mean() > 0.9
    kept = dict(workspace.pool.get(checkpoints[-1]).model.named_parameters())
    assert kept.keys() == parameters.keys()
    assert all(torch.equal(kept[name], value) for name, value in parameters.items())


def test_an_engine_elsewhere_gets_the_adapter_merged_into_exact_weights(tmp_path: Path) -> None:
    pytest.importorskip("peft", reason="the extra `lora` is not installed")
    save_model(tmp_path / "model")
    *_, last = train(open_workspace(tmp_path, LOCAL, update=LORA), 1)
    PolicyPool().get(last).save(tmp_path / "served")
    served, stored = load_file(tmp_path / "served" / "model.safetensors"), weights(last)
    assert served.keys() == stored.keys()
    for name, value in stored.items():
        # The adapter itself is rounded here, to a part in 2⁹ of what it adds.
        assert (served[name] - value).abs().max() < 1e-7, name
