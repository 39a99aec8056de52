"""What is of an earlier declaration, by the store alone."""

from collections.abc import Callable
from pathlib import Path

import pytest

from rlsd_pipeline.artifacts import Artifact
from rlsd_pipeline.errors import ConfigError
from rlsd_pipeline.identity import hub
from rlsd_pipeline.stages.iteration.rollouts import RolloutsStage
from rlsd_pipeline.stages.upkeep import earlier
from rlsd_pipeline.stages.upkeep.earlier import earlier_notes, standing
from rlsd_pipeline.stages.upkeep.links import policy_links
from rlsd_pipeline.stages.upkeep.settings import Setting, differing, settings_text
from rlsd_pipeline.stages.workspace import Workspace

Open = Callable[..., Workspace]
RunAll = Callable[..., dict[tuple[str, int, str], Artifact]]

ARM = {"weighting": {"type": "rlsd"}}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, workspace_at: Open, run_all: RunAll) -> Path:
    """Three iterations by a teacher that is a moving average; no test may change them."""
    folder = tmp_path_factory.mktemp("store")
    workspace = workspace_at(folder, arms=[ARM | {"teacher": {"type": "ema"}}])
    run_all(workspace, ("rlsd-s0",), iterations=3)
    return folder


def declared(store: Path, workspace_at: Open, **changes: object) -> Workspace:
    return workspace_at(store, **{"arms": [ARM | {"teacher": {"type": "ema"}}]} | changes)


def test_all_is_as_declared(store: Path, workspace_at: Open) -> None:
    workspace = declared(store, workspace_at)
    assert standing(workspace, "rlsd-s0") == ("rlsd-s0", 3, 3, ())
    assert earlier_notes(workspace) == []


def test_an_arm_that_has_not_begun_has_nothing_earlier(store: Path, workspace_at: Open) -> None:
    workspace = declared(store, workspace_at, arms=[ARM | {"name": "other"}])
    assert standing(workspace, "other-s0") == ("other-s0", None, 0, ())


@pytest.mark.parametrize(
    ("changes", "current", "settings"),
    [
        ({"sampling": {"prompts": 3, "max_tokens": 12}}, 0, {"sampling.prompts"}),
        ({"verifier": {"type": "math"}}, 0, {"verifier.type"}),
        ({"arms": [ARM | {"teacher": {"type": "ema", "rate": 0.5}}]}, 1, {"teacher.rate"}),
        ({"arms": [ARM | {"teacher": {"type": "ema"}, "privileged": "none"}]}, 0, {"privileged"}),
        ({"model": {"type": "tiny_qwen3_vl", "seed": 1}}, 0, {"model.seed"}),
    ],
)
def test_what_changed_is_named(
    store: Path, workspace_at: Open, changes: dict[str, object], current: int, settings: set[str]
) -> None:
    found = standing(declared(store, workspace_at, **changes), "rlsd-s0")
    assert found.updates == 3
    assert found.current == current
    assert settings <= {setting.name for setting in found.changed}


def test_a_model_that_cannot_be_read_any_more_is_named(
    store: Path, workspace_at: Open, tmp_path: Path
) -> None:
    model = {"type": "pretrained", "name": str(tmp_path / "gone")}
    (note,) = earlier_notes(declared(store, workspace_at, model=model))
    assert f"the model {tmp_path / 'gone'} cannot be read" in note


def test_without_the_hub_all_but_the_commit_is_compared(
    store: Path, workspace_at: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreached(*_: object) -> str:
        raise ConfigError("the hub is not reached")

    monkeypatch.setattr(hub, "_asked", unreached)
    model = {"type": "pretrained", "name": "org/name"}
    changed = standing(declared(store, workspace_at, model=model), "rlsd-s0").changed
    assert Setting("model.type", "tiny_qwen3_vl", "pretrained") in changed
    assert not any("revision" in setting.name for setting in changed)


def test_a_new_beginning_under_old_iterations_is_found(
    store: Path, workspace_at: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the first iteration was made again: the second began with another policy."""
    workspace = declared(store, workspace_at)
    run = workspace.at("rlsd-s0", 1)
    kept = {k: workspace.store.ref(run.reference("policy", k)) for k in (1, 2)}
    assert kept[1] is not None
    assert kept[2] is not None
    try:
        workspace.store.set_ref(run.reference("policy", 1), kept[2])
        for spread in (8, 1):
            # With a spread of 1 the second iteration is one of those whose link alone is compared.
            monkeypatch.setattr(earlier, "_SPREAD", spread)
            found = standing(workspace, "rlsd-s0")
            assert found.current == 1
            assert found.changed == (Setting("policy", kept[1].digest[:12], kept[2].digest[:12]),)
    finally:
        workspace.store.set_ref(run.reference("policy", 1), kept[1])


def test_a_stage_that_was_made_anew_is_found_in_a_long_training(
    store: Path, workspace_at: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second iteration is one of those whose link alone is compared otherwise."""
    monkeypatch.setattr(earlier, "_SPREAD", 1)
    workspace = declared(store, workspace_at)
    run = workspace.at("rlsd-s0", 1)
    drawn = workspace.store.ref(run.reference("rollouts"))
    assert drawn is not None
    assert policy_links(workspace, "rlsd-s0").touched == set()
    try:
        again = run.as_drawn(1).make(RolloutsStage)
        found = standing(workspace, "rlsd-s0")
        assert found.current == 1
        now = f"{again.digest[:12]} (draw 0 → 1)"
        assert found.changed == (Setting("rollouts", drawn.digest[:12], now),)
    finally:
        workspace.store.set_ref(run.reference("rollouts"), drawn)
    # The reference is newer than the policy, and all is as it was.
    assert policy_links(workspace, "rlsd-s0").touched == {1}
    assert standing(workspace, "rlsd-s0") == ("rlsd-s0", 3, 3, ())


def test_nested_settings_are_named_by_their_path() -> None:
    before = {"a": {"b": 1e-3, "c": "x" * 50, "same": [1]}, "gone": "0" * 64}
    now = {"a": {"b": 5e-4, "c": None, "same": [1]}, "new": {}}
    assert list(differing(before, now)) == [
        ("a.b", "0.001", "0.0005"),
        ("a.c", "x" * 39 + "…", "None"),
        ("new", "(absent)", "{}"),
        ("gone", "000000000000", "(absent)"),
    ]


def test_long_values_are_cut_around_their_first_difference() -> None:
    long = "a question: " + "x" * 60
    (found,) = differing({"prompt": f"{long} red {long}"}, {"prompt": f"{long} blue"})
    assert found == ("prompt", "…xxxxxxxxxxx red a question: xxxxxxxxxx…", "…xxxxxxxxxxx blue")


def test_many_settings_are_counted() -> None:
    settings = [Setting(f"s{n}", "0", "1") for n in range(8)]
    assert settings_text(settings[:2]) == "s0 0 → 1, s1 0 → 1"
    assert settings_text(settings).endswith("s5 0 → 1, and 2 more")
