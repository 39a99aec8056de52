"""The options in the launchpad: a stage computed again, and another draw."""

from dagster._core.definitions.data_version import StaleCauseCategory, StaleStatus

from tests.assets.materialized import Opened, newest, redo, stale


def test_computing_a_stage_again_gives_the_same_content(loop: Opened) -> None:
    opened, _ = loop
    _, digest = newest(loop, "rewards", "rlsd-s0", 1)
    redo(loop, "rewards", "rlsd-s0", 1, recompute=True)
    cache, again = newest(loop, "rewards", "rlsd-s0", 1)
    assert (cache, again) == ("miss", digest)
    # Nothing changed, so nothing that reads it is stale.
    for stage in ("token_weights", "policy_checkpoint"):
        status = stale(loop).get_status(opened.declared.key(stage), "rlsd-s0|001")
        assert status is StaleStatus.FRESH
    assert opened.is_done("rlsd-s0", 1)


def test_another_draw_makes_what_follows_stale(loop: Opened) -> None:
    declared = loop[0].declared
    _, digest = newest(loop, "rollouts", "rlsd-s0", 1)
    redo(loop, "rollouts", "rlsd-s0", 1, draw=1)
    cache, drawn = newest(loop, "rollouts", "rlsd-s0", 1)
    assert cache == "miss"
    assert drawn != digest
    resolver = stale(loop)
    for stage in ("rewards", "logprobs", "token_weights", "policy_checkpoint"):
        status = resolver.get_status(declared.key(stage), "rlsd-s0|001")
        assert status is StaleStatus.STALE, stage
    causes = resolver.get_stale_causes(declared.key("rewards"), "rlsd-s0|001")
    (cause,) = [each for each in causes if each.category is StaleCauseCategory.DATA]
    assert cause.reason == "has a new dependency data version"
    assert cause.dependency.asset_key == declared.key("rollouts")
    # Neither the other iteration nor the other arm has anything to do with it.
    assert resolver.get_status(declared.key("rewards"), "rlsd-s0|000") is StaleStatus.FRESH
    assert resolver.get_status(declared.key("rewards"), "grpo-s0|001") is StaleStatus.FRESH
