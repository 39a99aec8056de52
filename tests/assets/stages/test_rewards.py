"""The rewards of an iteration as the UI shows them, and when too few were judged."""

from types import SimpleNamespace
from typing import Any, cast

import pyarrow as pa
import pytest

from assets.stages import rewards
from schemas import Reward
from tests.assets.materialized import Known, events


def test_the_mean_reward_is_shown(known: Known) -> None:
    declared, instance, store = known
    (event,) = events(instance, declared.key("rewards"), "rlsd-s0", 1)
    artifact = store.ref("small/rlsd-s0/001/rewards")
    assert artifact is not None
    given = artifact.table(Reward)["reward"].to_pylist()
    shown = {r.data["name"]: r.data["value"] for r in event.metadata["numbers"].value.records}
    assert float(shown["reward"]) == pytest.approx(sum(given) / 16, rel=5e-3)
    assert shown["unjudged_groups"] == "0"


@pytest.mark.parametrize(("unjudged", "found"), [(1, 0), (2, 2)])
def test_most_groups_have_to_be_judged(known: Known, unjudged: int, found: int) -> None:
    """Of three groups of two responses; in the last one, one response is judged."""
    failed = ["verifier_error"] * 2
    verdicts = [*failed * unjudged, *["correct", "incorrect"] * (2 - unjudged)]
    columns = {
        "problem_id": ["a", "a", "b", "b", "c", "c"],
        "verdict": [*verdicts, "verifier_error", "correct"],
    }
    artifact: Any = SimpleNamespace(table=lambda *_: pa.table(columns))
    (result,) = rewards.check(known[0], cast("Any", None), artifact)
    assert result.passed == (found == 0)
    assert result.metadata["found"].value == str(found)
