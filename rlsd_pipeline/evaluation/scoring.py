"""Judges stored responses by a benchmark's rule; nothing is generated here."""

import random
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from rlsd_pipeline.errors import ComponentError
from rlsd_pipeline.evaluation.benchmark import Benchmark
from rlsd_pipeline.evaluation.scored import Rule, Scored
from rlsd_pipeline.verifiers.verifier import LONGEST_RESPONSE
from schemas import Problem, Verdict

_GUESS_SEED = 42
"""The official harness of MMMU seeds its guesses so."""


class Prediction(NamedTuple):
    """A model's response to a question.

    Attributes:
        problem_id: The question.
        response: All it said; None where only the extraction is known.
        extraction: The answer, where it was extracted already.
        sample_index: Index of the response to the question, from 0.
        truncated: Whether the token limit ended the response.
    """

    problem_id: str
    response: str | None = None
    extraction: str | None = None
    sample_index: int = 0
    truncated: bool = False


def settle(
    benchmark: Benchmark,
    problems: Mapping[str, Problem],
    predictions: Iterable[Prediction],
) -> list[Scored]:
    """The verdict on every response, in the order of the predictions.

    A hostile or huge response gets a verdict like any other, and never stops the run.

    Raises:
        ComponentError: A method of a user's benchmark failed.
    """
    rule = benchmark.rule()
    scored = [judge(rule, problems[each.problem_id], each) for each in predictions]
    if benchmark.mode == "official":
        return _guess(benchmark, rule, scored, list(problems))
    return scored


def judge(rule: Rule, problem: Problem, prediction: Prediction) -> Scored:
    """The verdict on one response; a crash of a built-in rule is a verifier error.

    Where the rule cannot read the gold answer, the response is unparsed: so it counts as wrong and
    is shown, and does not leave the mean.
    """
    response, answer = prediction.response or "", prediction.extraction
    found = Scored(problem, prediction.sample_index, response, answer, Verdict.UNPARSED)
    if len(response) > LONGEST_RESPONSE or len(answer or "") > LONGEST_RESPONSE:
        reason = f"longer than {LONGEST_RESPONSE:,} characters"
        return found._replace(extracted=None, reason=reason)
    try:
        answer = rule.extract(response, problem) if answer is None else answer
        if answer is None:
            verdict = Verdict.TRUNCATED if prediction.truncated else Verdict.UNPARSED
            return found._replace(verdict=verdict, reason="no answer found")
        verdict, why = rule.compare(answer, problem)
    except ComponentError:
        raise
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        return found._replace(verdict=Verdict.VERIFIER_ERROR, extracted=answer, reason=reason)
    if verdict is Verdict.VERIFIER_ERROR:
        verdict = Verdict.UNPARSED
    return found._replace(extracted=answer, verdict=verdict, reason=why)


def _guess(
    benchmark: Benchmark, rule: Rule, scored: Sequence[Scored], rows: Sequence[str]
) -> list[Scored]:
    """Answer by chance where the official rule does.

    The draws are made here, one after the other in the order of the rows, so that they depend
    neither on the order of the predictions nor on how they were divided among processes.
    """
    settled, chance = list(scored), random.Random(_GUESS_SEED)
    row = {problem_id: number for number, problem_id in enumerate(rows)}
    order = [(row[each.problem.problem_id], each.sample_index, i) for i, each in enumerate(scored)]
    for *_, i in sorted(order):
        each = scored[i]
        unread = each.verdict in (Verdict.UNPARSED, Verdict.TRUNCATED) and each.extracted is None
        choices = benchmark.guesses(each.problem) if unread else ()
        if choices:
            answer = chance.choice(choices)
            verdict, reason = rule.compare(answer, each.problem)
            settled[i] = each._replace(
                extracted=answer, verdict=verdict, reason=reason, guessed=True
            )
    return settled
