"""`rlsd import`: its options, and the import in Dagster's history."""

from collections.abc import Callable
from pathlib import Path

import dagster as dg
import pytest

from assets.cli.imports import options
from assets.cli.loop import open_instance
from rlsd_pipeline.errors import ConfigError
from tests.assets.conftest import Answer
from tests.imports.conftest import LOGS


def test_an_import_is_an_event_with_what_became_of_the_log(
    run: Callable[..., Answer], tmp_path: Path
) -> None:
    file = tmp_path / "mine.yaml"
    said = run("import", file, "--from", "trl", LOGS / "trl", "--step", 1, "--step", 2)
    assert "trl: 16 of 16 rows of step 1 became rollouts, in 4 groups of 4" in said.output
    assert "next: rlsd compare" in said.output
    with open_instance() as instance:
        partitions = instance.get_materialized_partitions(dg.AssetKey(["mine", "rollouts"]))
        assert partitions == {"grpo-s0|000", "grpo-s0|001"}
        event = instance.get_latest_materialization_event(dg.AssetKey(["mine", "rollouts"]))
        rewards = instance.get_latest_materialization_event(dg.AssetKey(["mine", "rewards"]))
    assert event is not None
    assert rewards is not None
    told = {n: v.value for n, v in event.asset_materialization.metadata.items()}
    assert told["import/format"] == "trl"
    assert (told["import/step"], told["import/rows used"]) == ("2", "16")
    assert told["import/rows unusable"] == {}
    source = rewards.asset_materialization.metadata
    assert source["reward source"].value == "imported"
    assert source["readable"].value == "the rewards of 16 are a log's, and nothing verified them"
    assert "imported rollouts" in run("status", file).output
    assert (
        "declares no model: leave --model out"
        in run("import", file, "--from", "trl", LOGS / "trl", "--model", tmp_path).error
    )
    # An import nobody verified has no accuracy, which would read as a share of wrong answers.
    assert "rewards/accuracy" not in source
    found = "16 of 16 rows of step 2 became rollouts"
    assert found in run("compare", file, "--arm", "grpo-s0", "--iteration", 1).output
    told_here = run("diagnose", file).output
    assert "nothing is trained in an import" in told_here
    assert found in told_here
    refused = run("export", file, "rolouts", "--out", tmp_path / "x.parquet")
    assert "there is no stage 'rolouts'; did you mean 'rollouts'?" in refused.error
    # What takes a model says so, each in a sentence.
    place = ("--arm", "grpo-s0", "--iteration", 0)
    for command in (
        ("train", file),
        ("values", file, *place),
        ("diagnose", file, "--arm", "grpo-s0"),
        ("compare", file, *place, "--gradients"),
    ):
        refused = run(*command)
        assert refused.exit_code == 1
        assert "imported without one, in words" in refused.error


def test_an_import_that_fails_leaves_no_declaration_behind(
    run: Callable[..., Answer], tmp_path: Path
) -> None:
    file = tmp_path / "new.yaml"
    failed = run("import", file, "--from", "trl", LOGS / "trl", "--step", 100)
    assert "holds no step 100: it has 1, 2" in failed.error
    assert not file.exists()


def test_an_option_is_a_name_and_a_value_in_yaml() -> None:
    found = options(["reward=score", "steps=[1, 2]", "where=a=b", "none="])
    assert found == {"reward": "score", "steps": [1, 2], "where": "a=b", "none": None}


@pytest.mark.parametrize(
    ("pair", "said"),
    [("reward", "--option reward: write NAME=VALUE"), ("steps=[1", "the value is no YAML")],
)
def test_an_option_that_cannot_be_read_is_named(pair: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        options([pair])
