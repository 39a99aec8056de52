"""The gold answers of a data set: of which kinds they are, and which are only text."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from rlsd_pipeline.verifiers.exact import ExactComparison
from rlsd_pipeline.verifiers.kinds.answer import Kind
from rlsd_pipeline.verifiers.verifier import AnswerVerifier, Verifier
from schemas.problem import Problem


class Golds(NamedTuple):
    """What a verifier makes of gold answers.

    Attributes:
        by_kind: How many answers each kind has.
        only_text: Ids of the problems whose answer is compared word for word because no other kind
            understands it; none where the verifier compares words by declaration.
    """

    by_kind: Mapping[Kind, int]
    only_text: list[str]


def classify(verifier: Verifier, problems: Iterable[Problem]) -> Golds:
    """The kind of each gold answer."""
    kinds = {problem.problem_id: verifier.kind(problem) for problem in problems}
    by_words = isinstance(verifier, AnswerVerifier) and isinstance(
        verifier.comparison, ExactComparison
    )
    only_text = [] if by_words else [each for each in kinds if kinds[each] is Kind.TEXT]
    return Golds(Counter(kinds.values()), only_text)
