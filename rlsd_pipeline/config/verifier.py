"""How an answer is read from a response, compared with the gold one, and rewarded."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from rlsd_pipeline.config.strict import StrictConfig


class AnswerTagExtraction(StrictConfig):
    """The answer stands between `<answer>` and `</answer>`, after one `<think>` block."""

    type: Literal["answer_tag"] = "answer_tag"


class BoxedExtraction(StrictConfig):
    r"""The answer stands in the last `\boxed{}`."""

    type: Literal["boxed"] = "boxed"


class LastLineExtraction(StrictConfig):
    """The answer stands on the last line, after a fixed beginning."""

    type: Literal["last_line"] = "last_line"

    prefix: Annotated[str, Field(min_length=1)] = "Answer:"
    """What the last line begins with; upper or lower case."""


class FinalAnswerExtraction(StrictConfig):
    r"""The answer in any usual convention: a tag, `\boxed{}`, "Answer: X", or nothing but X."""

    type: Literal["final_answer"] = "final_answer"


ExtractionConfig = Annotated[
    AnswerTagExtraction | BoxedExtraction | LastLineExtraction | FinalAnswerExtraction,
    Field(discriminator="type"),
]


class ExactVerifier(StrictConfig):
    """The same words, whatever the case, the blanks and a final period."""

    type: Literal["exact"] = "exact"

    extraction: ExtractionConfig = AnswerTagExtraction()
    """Where the answer stands in a response."""


class MultipleChoiceVerifier(StrictConfig):
    """The same choice of the problem, named by its letter or by its text."""

    type: Literal["multiple_choice"] = "multiple_choice"

    extraction: ExtractionConfig = AnswerTagExtraction()
    """Where the answer stands in a response."""


class _Mathematics(StrictConfig):
    extraction: ExtractionConfig = AnswerTagExtraction()
    """Where the answer stands in a response."""

    accept_computations: bool = False
    """Accept a computation that was not carried out, such as 17 × 23 where 391 is right. A question
    that is repeated as its own answer is then right as well."""

    work_limit: Annotated[int, Field(ge=1_000)] = 1_000_000
    """Function calls that one comparison may make, whatever the load of the machine; most make
    fewer than 100,000."""

    timeout_seconds: Annotated[float, Field(gt=0)] = 5.0
    """Processor seconds of one comparison before its process is killed: for what the limit on work
    does not see, such as a power of large integers."""

    float_rounding: Annotated[int, Field(ge=0, le=12)] = 6
    """Decimal places on which two decimals must agree; MathVision's own scorer rounds to 2."""

    memory_limit_mb: Annotated[int, Field(ge=256)] = 1024
    """Address space of the comparing process; a bare one takes about 100 MB."""


class MathVerifier(_Mathematics):
    """The same answer, by the rule of its kind: number, unit, time, set, expression and so on."""

    type: Literal["math"] = "math"


class MixedVerifier(_Mathematics):
    """The same choice where a problem has choices; by the kind of the answer where it has none."""

    type: Literal["mixed"] = "mixed"


VerifierConfig = Annotated[
    ExactVerifier | MultipleChoiceVerifier | MathVerifier | MixedVerifier,
    Field(discriminator="type"),
]


class RewardConfig(StrictConfig):
    """R = accuracy_weight · correct + format_weight · format_ok, as in the released script."""

    accuracy_weight: Annotated[float, Field(ge=0)] = 0.9
    """Worth of a correct answer."""

    format_weight: Annotated[float, Field(ge=0)] = 0.1
    """Worth of the asked-for format, right or wrong answer alike."""

    @model_validator(mode="after")
    def _something_is_rewarded(self) -> "RewardConfig":
        if self.accuracy_weight == self.format_weight == 0:
            raise ValueError("accuracy_weight and format_weight are both 0: nothing is rewarded")
        return self
