"""Which responses of a group stand beside each other."""

import random

from rlsd_pipeline.privileged.siblings import siblings
from schemas import Verdict

RIGHT, WRONG = Verdict.CORRECT, Verdict.INCORRECT


def test_no_response_stands_beside_itself_and_unread_ones_beside_none() -> None:
    group = [RIGHT, WRONG, Verdict.UNPARSED, WRONG, Verdict.VERIFIER_ERROR, WRONG]
    found = siblings(group, 2, random.Random(0))
    assert [each.correct for each in found] == [None, 0, 0, 0, 0, 0]
    assert all(row not in each.wrong for row, each in enumerate(found))
    assert all(len(set(each.wrong)) == 2 for each in found)
    assert {other for each in found for other in each.wrong} <= {1, 3, 5}
    # Two orders and one of them cut: what is shown are three responses, in four pairs at most.
    assert len({each.wrong for each in found}) <= 4


def test_a_group_of_one_kind_has_no_siblings_of_the_other() -> None:
    assert [each.wrong for each in siblings([RIGHT, RIGHT], 4, random.Random(0))] == [(), ()]
    assert [each.correct for each in siblings([WRONG, WRONG], 4, random.Random(0))] == [None, None]
    assert [each.wrong for each in siblings([WRONG, WRONG], 4, random.Random(0))] == [(1,), (0,)]


def test_the_seed_decides_who_is_shown() -> None:
    group = [RIGHT] * 8
    drawn = {siblings(group, 4, random.Random(seed))[0].correct for seed in range(20)}
    assert len(drawn) > 3
    assert siblings(group, 4, random.Random(1)) == siblings(group, 4, random.Random(1))
