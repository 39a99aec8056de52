"""One rollout for the token view: its tokens, and the credit of each method."""

from typing import Annotated, Literal, Self

from pydantic import Field, FiniteFloat, model_validator

from rlsd_pipeline.report.part import Count, NonEmpty, Part, Row, check_length

Segment = Literal["reasoning", "answer", "format"]


class Picture(Part):
    """An encoded image."""

    data: bytes
    """The file's content."""

    mime: Annotated[str, Field(pattern=r"^image/(png|jpeg|gif|webp|bmp)$")] = "image/png"
    """Its media type."""


class StateValue(Part):
    """What one state of a response was worth."""

    place: Count
    """Tokens of y before it."""

    value: FiniteFloat
    """V, the expected reward from there on."""

    error: Annotated[FiniteFloat, Field(ge=0)] = 0.0
    """Its standard error; 0 after the last token, where V is R itself."""


class RolloutView(Part):
    """One sampled response, its reward, and the credit of every token by every method."""

    rollout_id: NonEmpty
    """Name of the rollout; deep links use it."""

    question: str
    """x as text."""

    gold_answer: str
    """The reference answer."""

    tokens: tuple[str, ...]
    """The text of each token of y, blanks included. [tokens]"""

    segments: tuple[Segment, ...]
    """Which part of the response a token belongs to. [tokens]"""

    verdict: NonEmpty
    """What the verifier found, such as `correct`."""

    reward: FiniteFloat | None
    """R, unitless; null where the verifier failed."""

    advantage: FiniteFloat
    """A, by the advantage estimator of its arm, unitless."""

    student_logprobs: Row
    """log π_S in nats. [tokens]"""

    credit: dict[NonEmpty, Row] = Field(min_length=1)
    """Method → Â_t, what the policy update consumes, unitless. [tokens]"""

    images: tuple[Picture, ...] = ()
    """The images of x."""

    teacher_logprobs: Row | None = None
    """log π_T in nats. [tokens]"""

    values: tuple[StateValue, ...] = ()
    """V along the response, from its prompt to its end; empty where it was not measured."""

    leaks: tuple[tuple[Count, Count], ...] | None = None
    """Half-open token spans that betray privileged information; null if nobody looked."""

    source: str = ""
    """Where it was sampled, such as `rlsd-s0 after 40 updates`."""

    @model_validator(mode="after")
    def _check_alignment(self) -> Self:
        length = len(self.tokens)
        for name in ("segments", "student_logprobs", "teacher_logprobs"):
            check_length(name, getattr(self, name), "tokens", length)
        for method, values in self.credit.items():
            check_length(f"the credit of {method}", values, "tokens", length)
        for state in self.values:
            if state.place > length:
                raise ValueError(f"a value at {state.place} does not lie in {length} tokens")
        for start, end in self.leaks or ():
            if not start < end <= length:
                raise ValueError(f"the leak [{start}, {end}) does not lie in {length} tokens")
        return self
