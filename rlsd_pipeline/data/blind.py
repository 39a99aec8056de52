"""The blind accuracy of a data set: answering by the wording alone, without the image."""

from collections import Counter, defaultdict
from collections.abc import Sequence

from schemas import Problem


def blind_baseline(train: Sequence[Problem], test: Sequence[Problem]) -> float:
    """Accuracy on `test` of the most frequent answer in `train` to the same question string.

    A question string that `train` lacks gets the most frequent answer of all.
    """
    answers: dict[str, Counter[str]] = defaultdict(Counter)
    for problem in train:
        answers[problem.question][problem.answer] += 1
    overall = Counter(problem.answer for problem in train)
    hits = sum(
        problem.answer == answers.get(problem.question, overall).most_common(1)[0][0]
        for problem in test
    )
    return hits / len(test)
