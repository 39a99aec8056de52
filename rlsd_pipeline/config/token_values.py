"""Settings of token values: how many continuations measure which states."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Discriminator, Field, Tag

from rlsd_pipeline.config.strict import StrictConfig


class SpreadPlaces(StrictConfig):
    """States at even distances."""

    per_response: Annotated[int, Field(ge=1)]
    """States of each response, including its first."""


def _in_halves(continuations: int) -> int:
    if continuations % 2:
        raise ValueError(
            f"{continuations} continuations cannot be divided into two equal halves: "
            f"take {continuations - 1} or {continuations + 1}"
        )
    return continuations


Continuations = Annotated[int, Field(ge=2), AfterValidator(_in_halves)]
"""Drawn from one state, in two halves."""

_WORDS = ("all", "steps")


def _form(places: object) -> str | None:
    if isinstance(places, dict | SpreadPlaces):
        return SpreadPlaces.__name__
    return "word" if places in _WORDS else None


Places = Annotated[
    Annotated[Literal["all", "steps"], Tag("word")]
    | Annotated[SpreadPlaces, Tag(SpreadPlaces.__name__)],
    Discriminator(
        _form,
        custom_error_type="places",
        custom_error_message="take `all`, `steps` or `{per_response: n}`",
    ),
]
"""Which states of a response are valued."""


class TokenValuesConfig(StrictConfig):
    """How many continuations `token_values` samples, and from which states.

    The cost is continuations times states times the mean remaining length. The stage runs on
    request, and in every iteration of an arm whose method reads the values, such as `vine`.
    """

    continuations: Continuations = 32
    """Continuations of each state, in two independent halves."""

    places: Places = "all"
    """The states that are valued. `all`: at every token. `steps`: where a line or a sentence
    begins, for long responses; a token that holds the white space there and the first letters
    after it, as most words do, still belongs to the step before. `{per_response: n}`: n states of
    each response at even distances."""

    responses: Literal["all", "informative"] = "all"
    """`informative` leaves out groups whose rewards are all equal: their advantages are 0 and no
    method that compares within the group learns from them."""

    max_states: Annotated[int, Field(ge=1)] | None = None
    """Limit of distinct states; beyond it, whole responses are left out at random."""
