"""Equality of answers to open questions: of one kind, by the rule of the kind."""

from rlsd_pipeline.config.verifier import MathVerifier, MixedVerifier
from rlsd_pipeline.verifiers.algebra import MathVerify
from rlsd_pipeline.verifiers.kinds.answer import Answer, Kind
from rlsd_pipeline.verifiers.markup import plain
from rlsd_pipeline.verifiers.reading import LONGEST, context_of, read
from schemas.problem import Problem
from schemas.reward import Verdict


class MathComparison:
    """An answer is right when it is equal to the gold one, by the rule of the gold one's kind."""

    def __init__(self, config: MathVerifier | MixedVerifier) -> None:
        self._algebra = MathVerify(config)

    def compare(self, answer: str, problem: Problem) -> tuple[Verdict, str | None]:
        """Compare, and say incorrect only where the two are known to be unequal.

        Text that is not understood in full is unparsed: whatever is dropped may have changed the
        meaning.
        """
        if answer.strip() == problem.answer.strip():
            return Verdict.CORRECT, None
        if len(answer) > 2 * LONGEST:
            return Verdict.UNPARSED, f"longer than {LONGEST} characters"
        context = context_of(problem.question, problem.answer)
        gold, found = read(problem.answer, context), read(answer, context)
        if len(found.text) > LONGEST:
            return Verdict.UNPARSED, f"longer than {LONGEST} characters"
        judgement = gold.judge(found, self._algebra)
        return judgement.verdict, judgement.reason

    def kind(self, problem: Problem) -> Kind:
        """The kind of the gold answer."""
        return self._gold(problem).kind

    def another_form(self, problem: Problem) -> str | None:
        """The gold answer in another spelling, where one can be made."""
        form = self._gold(problem).another_form()
        return None if form is None or plain(form) == plain(problem.answer) else form

    def close(self) -> None:
        """End the worker process."""
        self._algebra.worker.close()

    def _gold(self, problem: Problem) -> Answer:
        return read(problem.answer, context_of(problem.question, problem.answer))
