"""The verifier `math`: equality of answers to open questions, by the rule of their kind."""

from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field

from rlsd_pipeline.verifiers.algebra.math_verify import MathVerify
from rlsd_pipeline.verifiers.kinds.answer import Answer, Kind
from rlsd_pipeline.verifiers.markup import plain
from rlsd_pipeline.verifiers.reading import LONGEST, context_of, read
from rlsd_pipeline.verifiers.verifier import Verifier
from schemas.problem import Problem
from schemas.reward import Verdict


class Mathematics(Verifier):
    """An answer is right when it is equal to the gold one, by the rule of the gold one's kind."""

    accept_computations: bool = False
    """Accept a computation that was not carried out, such as 17 × 23 where 391 is right. A response
    that repeats the question is then right as well."""

    work_limit: Annotated[int, Field(ge=1_000)] = 1_000_000
    """Limit of the function calls of one comparison, which does not depend on the machine's load;
    most make fewer than 100,000."""

    timeout_seconds: Annotated[float, Field(gt=0)] = 5.0
    """Processor seconds of one comparison before its process is killed. It bounds work that the
    limit on calls does not see, such as a power of large integers."""

    float_rounding: Annotated[int, Field(ge=0, le=12)] = 6
    """Decimal places in which two decimals must agree; MathVision's own scorer rounds to 2."""

    memory_limit_mb: Annotated[int, Field(ge=256)] = 1024
    """Address space of the comparing process; an idle one takes about 100 MB."""

    @cached_property
    def _algebra(self) -> MathVerify:
        return MathVerify(
            float_rounding=self.float_rounding,
            accept_computations=self.accept_computations,
            memory_limit_mb=self.memory_limit_mb,
            timeout_seconds=self.timeout_seconds,
            work_limit=self.work_limit,
        )

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
        return _gold(problem).kind

    def another_form(self, problem: Problem) -> str | None:
        """The gold answer in another spelling, where one can be made."""
        form = _gold(problem).another_form()
        return None if form is None or plain(form) == plain(problem.answer) else form

    def close(self) -> None:
        """End the worker process."""
        self._algebra.worker.close()


class MathVerifier(Mathematics):
    """The same answer, by the rule of its kind: number, unit, time, set, expression and so on."""

    type: Literal["math"] = "math"


def _gold(problem: Problem) -> Answer:
    return read(problem.answer, context_of(problem.question, problem.answer))
