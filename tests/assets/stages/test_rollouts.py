"""The responses of an iteration as the UI shows them."""

from schemas import Rollout
from tests.assets.materialized import Known, events


def test_the_first_responses_are_shown(known: Known) -> None:
    declared, instance, store = known
    (event,) = events(instance, declared.key("rollouts"), "rlsd-s0", 1)
    artifact = store.ref("small/rlsd-s0/001/rollouts")
    assert artifact is not None
    rows = artifact.table(Rollout).to_pylist()
    # Four responses to each of four problems.
    assert event.metadata["rows"].value == "16"
    first = [record.data for record in event.metadata["first rows"].value.records]
    assert first == [{"rollout": r["rollout_id"], "response": r["completion"]} for r in rows[:8]]
