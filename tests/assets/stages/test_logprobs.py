"""The scored tokens of an iteration as the UI shows them."""

from tests.assets.materialized import Known, events


def test_the_teacher_that_was_read_is_named(known: Known) -> None:
    declared, instance, store = known
    key = declared.key("logprobs")
    # GRPO reads none. The teacher is synced after every second update, so it is the base policy.
    (grpo,) = events(instance, key, "grpo-s0", 1)
    (rlsd,) = events(instance, key, "rlsd-s0", 1)
    base = store.ref("small/rlsd-s0/000/policy")
    assert base is not None
    assert grpo.metadata["teacher"].value == "none read"
    assert rlsd.metadata["teacher"].value == base.digest[:12]
    assert rlsd.metadata["rows"].value == "16"
