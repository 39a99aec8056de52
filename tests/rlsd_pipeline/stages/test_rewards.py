import pytest

from rlsd_pipeline.errors import DataError
from rlsd_pipeline.stages.rewards import require_judged
from rlsd_pipeline.verifiers.groups import unjudged_groups
from schemas import Verdict

RIGHT, FAILED = Verdict.CORRECT, Verdict.VERIFIER_ERROR
IDS = ["a", "a", "b", "b", "c", "c"]


def test_a_group_is_unjudged_where_the_verifier_failed_on_most_of_it() -> None:
    assert unjudged_groups(IDS, [FAILED, FAILED, RIGHT, FAILED, RIGHT, RIGHT]) == ["a"]


def test_training_goes_on_while_most_groups_are_judged() -> None:
    require_judged(IDS, [FAILED, FAILED, RIGHT, FAILED, RIGHT, RIGHT], [None] * 6)


def test_training_stops_where_verifier_errors_are_the_rule() -> None:
    verdicts = [FAILED] * 4 + [RIGHT] * 2
    with pytest.raises(DataError, match="2 of 3 groups, first a, b, most often because it broke"):
        require_judged(IDS, verdicts, ["it broke"] * 4 + [None] * 2)
