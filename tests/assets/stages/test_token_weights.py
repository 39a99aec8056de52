"""Credit against its reward: it stops an iteration, or is only counted."""

from collections.abc import Callable
from pathlib import Path

import dagster as dg
import pytest

import rlsd_pipeline.credit.signs
from assets.cli.loop import Loop
from rlsd_pipeline.progress import Silent
from tests.assets.materialized import Opened, events, newest
from tests.iterated import iterate


def test_credit_against_its_reward_stops_the_iteration(
    loop: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened, instance = loop
    with monkeypatch.context() as patched:
        patched.setattr(rlsd_pipeline.credit.signs, "flipped_signs", lambda *_: 1)
        with pytest.raises(dg.DagsterError, match="sign_never_flips"):
            iterate(opened, "rlsd-s0", 2)
    partition = "rlsd-s0|002"
    declared = opened.declared
    assert partition in instance.get_materialized_partitions(declared.key("token_weights"))
    assert partition not in instance.get_materialized_partitions(declared.key("policy_checkpoint"))
    assert "rlsd-s0|003" not in instance.get_materialized_partitions(declared.key("policy"))
    assert opened.workspace.store.ref("small/rlsd-s0/002/policy_checkpoint") is None
    assert not opened.is_done("rlsd-s0", 2)
    (run,) = instance.get_runs(limit=1)
    assert run.status is dg.DagsterRunStatus.FAILURE

    iterate(opened, "rlsd-s0", 2)
    assert newest(loop, "token_weights", "rlsd-s0", 2)[0] == "hit"
    assert "rlsd-s0|003" in instance.get_materialized_partitions(declared.key("policy"))
    assert opened.is_done("rlsd-s0", 2)


def test_credit_against_its_reward_is_counted_where_no_method_promises_otherwise(
    loop: Opened, declare: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The misprinted formula turns signs: a number to look at, and no reason to stop."""
    printed = {"type": "rlsd", "formula": "as_printed", "decay": 4}
    opened = Loop(declare(arms=[{"weighting": printed}]), loop[1], Silent())
    monkeypatch.setattr(rlsd_pipeline.credit.signs, "flipped_signs", lambda *_: 7)
    iterate(opened, "rlsd-s0", 0)
    (*_, event) = events(loop[1], opened.declared.key("token_weights"), "rlsd-s0", 0)
    assert event.metadata["tokens against their reward"].value == "7"
    assert event.metadata["cache"].value == "miss"
    assert opened.is_done("rlsd-s0", 0)
