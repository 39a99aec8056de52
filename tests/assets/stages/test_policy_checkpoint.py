"""A checkpoint publishes the next policy, unless its weights are not finite."""

import dagster as dg
import pytest

import rlsd_pipeline.models.pool
from schemas import PolicyCheckpoint
from tests.assets.materialized import Known, Opened, events
from tests.iterated import iterate


def test_a_checkpoint_publishes_the_next_policy(known: Known, arms: tuple[str]) -> None:
    declared, instance, store = known
    for arm in arms:
        for iteration in range(2):
            (event,) = events(instance, declared.key("policy"), arm, iteration + 1)
            checkpoint = store.ref(f"small/{arm}/{iteration:03d}/policy_checkpoint")
            assert event.tags["dagster/data_version"] == checkpoint.digest
            assert event.metadata["published by"].value == "policy_checkpoint"
            assert event.metadata["updates"].value == str(iteration + 1)
            assert store.ref(f"small/{arm}/{iteration + 1:03d}/policy").digest == checkpoint.digest
            assert checkpoint.record(PolicyCheckpoint).updates == iteration + 1
        assert not events(instance, declared.key("policy"), arm, 3)


def test_weights_that_are_not_finite_are_never_gone_on_from(
    loop: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened, instance = loop
    monkeypatch.setattr(rlsd_pipeline.models.pool, "not_finite_weights", lambda _: 7)
    for _ in range(2):
        with pytest.raises(dg.DagsterError, match="finite"):
            iterate(opened, "grpo-s0", 2)
        published = instance.get_materialized_partitions(opened.declared.key("policy"))
        assert "grpo-s0|003" not in published
        assert not opened.is_done("grpo-s0", 2)
