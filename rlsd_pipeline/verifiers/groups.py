"""Verdicts of groups: groups on which the verifier failed, and unverified rewards."""

from collections.abc import Iterable, Sequence

from rlsd_pipeline.groups import Groups
from schemas.reward import Verdict


def unjudged_groups(groups: Groups, verdicts: Sequence[str]) -> list[str]:
    """Problems on more than half of whose responses the verifier failed, in their order."""
    return [
        problem_id
        for problem_id, rows in zip(groups.problem_ids, groups.members, strict=True)
        if 2 * sum(verdicts[row] == Verdict.VERIFIER_ERROR for row in rows) > len(rows)
    ]


def is_unverified(verdicts: Iterable[str]) -> bool:
    """Whether no response was verified: the rewards are a log's."""
    return set(verdicts) <= {Verdict.UNVERIFIED, Verdict.NO_REWARD}
