"""Groups of responses to one problem that carry no reward because the verifier failed."""

from collections import Counter
from collections.abc import Sequence

from schemas.reward import Verdict


def unjudged_groups(problem_ids: Sequence[str], verdicts: Sequence[str]) -> list[str]:
    """Problems on more than half of whose responses the verifier failed, in their order."""
    sizes = Counter(problem_ids)
    failed = Counter(
        problem_id
        for problem_id, verdict in zip(problem_ids, verdicts, strict=True)
        if verdict == Verdict.VERIFIER_ERROR
    )
    return [problem_id for problem_id, size in sizes.items() if 2 * failed[problem_id] > size]
