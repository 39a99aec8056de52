"""The gold answers of a data set, counted by kind; lists those that are only text."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from rlsd_pipeline.verifiers.kinds.answer import Kind
from rlsd_pipeline.verifiers.math import Mathematics
from rlsd_pipeline.verifiers.verifier import Verifier
from schemas.problem import Problem


class Golds(NamedTuple):
    """The counts and faults of gold answers under a verifier.

    Attributes:
        by_kind: How many answers each kind has.
        only_text: Ids of the problems whose answer is compared word for word because no other kind
            understands it; none where the verifier does not compare by kind.
    """

    by_kind: Mapping[Kind, int]
    only_text: list[str]


def classify(verifier: Verifier, problems: Iterable[Problem]) -> Golds:
    """The kind of each gold answer."""
    kinds = {each.problem_id: verifier.kind(each) for each in problems if each.has_answer}
    by_kind = isinstance(verifier, Mathematics)
    only_text = [each for each in kinds if kinds[each] is Kind.TEXT] if by_kind else []
    return Golds(Counter(kinds.values()), only_text)
