"""Batches responses of similar length, up to a budget of tokens."""

from collections.abc import Sequence
from typing import NamedTuple


class Part(NamedTuple):
    """Responses of one prompt that are run together.

    Attributes:
        group: Index of the prompt.
        rows: Indices of the responses within its group.
    """

    group: int
    rows: Sequence[int]


def micro_batches(
    prompt_lengths: Sequence[int], completion_lengths: Sequence[Sequence[int]], budget: int
) -> list[list[Part]]:
    """Divide groups into batches of at most `budget` tokens, longest first.

    A response counts with its prompt, both padded to the longest of the batch: that is what
    attention reads for it, shared or not. A group stays together if it fits; one response alone
    may exceed the budget, since it cannot be divided.

    Args:
        prompt_lengths: Tokens of each prompt; `[groups]`.
        completion_lengths: Tokens of each group's responses.
        budget: Tokens of one batch.
    """
    parts = [
        part
        for group, prompt in enumerate(prompt_lengths)
        for part in _split(group, prompt, completion_lengths[group], budget)
    ]

    def lengths(part: Part) -> tuple[int, int]:
        own = completion_lengths[part.group]
        return prompt_lengths[part.group], max((own[row] for row in part.rows), default=0)

    batches: list[list[Part]] = []
    rows = prompt = completion = 0
    for part in sorted(parts, key=lambda part: (sum(lengths(part)), lengths(part)), reverse=True):
        own_prompt, own_completion = lengths(part)
        rows += len(part.rows)
        prompt, completion = max(prompt, own_prompt), max(completion, own_completion)
        if not batches or rows * (prompt + completion) > budget:
            batches.append([])
            rows, prompt, completion = len(part.rows), own_prompt, own_completion
        batches[-1].append(part)
    return batches


def _split(group: int, prompt: int, lengths: Sequence[int], budget: int) -> list[Part]:
    """A group, divided if necessary into parts that fit, with similar lengths together."""
    if len(lengths) * (prompt + max(lengths, default=0)) <= budget:
        return [Part(group, range(len(lengths)))]
    parts: list[Part] = []
    for row in sorted(range(len(lengths)), key=lambda row: lengths[row], reverse=True):
        fits = parts and (len(parts[-1].rows) + 1) * (prompt + lengths[parts[-1].rows[0]]) <= budget
        if fits:
            parts[-1] = Part(group, [*parts[-1].rows, row])
        else:
            parts.append(Part(group, [row]))
    return parts
