"""The text of a row as token ids, and the text of token ids."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from rlsd_pipeline.imports.row import SampledRow, UnusableError
from schemas.imported_rollout import TokenSource
from schemas.rollout import FinishReason

if TYPE_CHECKING:
    from rlsd_pipeline.models.response_text import ResponseText

_WORD = re.compile(r"\s*\S+|\s+")
_UNKNOWN_IDS = "token ids that the model's tokenizer does not have"


class Tokens(NamedTuple):
    """A response in tokens.

    Attributes:
        ids: Token ids, the end token included where there is one.
        text: The model's turn as it reads.
        ends: Where each token's text ends in it, in characters.
        source: Where the ids come from.
        finish_reason: Why sampling ended.
    """

    ids: Sequence[int]
    text: str
    ends: Sequence[int]
    source: TokenSource
    finish_reason: FinishReason


class TokenReader(ABC):
    """Converts the rows of a log to tokens."""

    @abstractmethod
    def responses(self, rows: Sequence[SampledRow]) -> list[Tokens | UnusableError]:
        """The response of each row, or why it has none."""

    @abstractmethod
    def prompt(self, row: SampledRow) -> tuple[list[int], TokenSource]:
        """The prompt of a row, and where its ids come from.

        Raises:
            UnusableError: The model's tokenizer does not have them.
        """

    @abstractmethod
    def question(self, row: SampledRow) -> str:
        """The question of a row, without the text of the chat template."""


class Words(TokenReader):
    """Without a tokenizer: each word with the blanks before it is a token of this table alone.

    Rewards, groups and what words have in common are as they are; probabilities there are none.
    """

    def __init__(self) -> None:
        self._ids: dict[str, int] = {}

    def responses(self, rows: Sequence[SampledRow]) -> list[Tokens | UnusableError]:
        """The words of each."""
        return [
            Tokens(
                self._of(row.completion),
                row.completion,
                [found.end() for found in _WORD.finditer(row.completion)],
                TokenSource.WORDS,
                row.finish_reason or FinishReason.STOP,
            )
            if row.completion
            else UnusableError("token ids without a text, and no tokenizer to read them")
            for row in rows
        ]

    def prompt(self, row: SampledRow) -> tuple[list[int], TokenSource]:
        """The words of the prompt; ids that nothing can read stay as they are."""
        if row.prompt is None:
            return list(row.prompt_ids or ()), TokenSource.GIVEN
        return self._of(row.prompt), TokenSource.WORDS

    def question(self, row: SampledRow) -> str:
        """The user's words, or the whole prompt if they cannot be separated."""
        asked = row.question or row.prompt
        return asked or f"(a prompt of {len(row.prompt_ids or ())} token ids)"

    def _of(self, text: str) -> list[int]:
        words = _WORD.findall(text)
        return [self._ids.setdefault(word, len(self._ids)) for word in words]


class ModelTokens(TokenReader):
    """The tokens of a model, by its tokenizer alone.

    Args:
        processor: The model's processor, or its tokenizer.
        text: What reads its responses.
        max_tokens: A response without a word on why it ended is taken for cut from here on.
    """

    def __init__(self, processor: Any, text: ResponseText, max_tokens: int) -> None:
        self._tokenizer = getattr(processor, "tokenizer", processor)
        self._processor, self._text, self._max_tokens = processor, text, max_tokens
        self._known = len(self._tokenizer)
        self._prompts: dict[str, list[int]] = {}

    def responses(self, rows: Sequence[SampledRow]) -> list[Tokens | UnusableError]:
        """Given ids as they are; text is put into tokens, all of the rows at once."""
        found: list[Tokens | UnusableError] = [UnusableError("no response")] * len(rows)
        written = [at for at, row in enumerate(rows) if not row.completion_ids and row.completion]
        for at, tokens in zip(written, self._of_texts([rows[at] for at in written]), strict=True):
            found[at] = tokens
        for at, row in enumerate(rows):
            if row.completion_ids:
                found[at] = self._of_ids(row, row.completion_ids)
        return found

    def prompt(self, row: SampledRow) -> tuple[list[int], TokenSource]:
        """Given ids as they are, or the prompt in the model's chat template."""
        if row.prompt_ids:
            if max(row.prompt_ids) >= self._known:
                raise UnusableError(_UNKNOWN_IDS)
            return row.prompt_ids, TokenSource.GIVEN
        asked = self.question(row)
        if asked not in self._prompts:
            self._prompts[asked] = self._templated(asked, row.system)
        return self._prompts[asked], TokenSource.TOKENIZER

    def question(self, row: SampledRow) -> str:
        """The user's words; out of a whole prompt, what the chat template has put between."""
        if row.question is not None:
            return row.question
        prompt = row.prompt
        if prompt is None:
            prompt = self._tokenizer.decode(row.prompt_ids or [], skip_special_tokens=False)
        for before, after in self._around:
            if prompt.startswith(before) and prompt.endswith(after):
                return prompt[len(before) : len(prompt) - len(after)].strip() or prompt
        return prompt

    @property
    def _around(self) -> list[tuple[str, str]]:
        """The chat template's text before and after a question, with and without its marks.

        Logs that were decoded without special tokens have lost the marks.
        """
        from rlsd_pipeline.config.filled_template import FilledTemplate

        place = "QUESTION"
        whole = self._text.chat.prompt(FilledTemplate.of_value(place), 0, None)
        ids = self._tokenizer(whole, add_special_tokens=False).input_ids
        bare = self._tokenizer.decode(ids, skip_special_tokens=True)
        parts = [text.partition(place) for text in (whole, bare)]
        # A log may have been stripped at its end.
        ends = [(before, end) for before, _, after in parts for end in (after, after.rstrip())]
        return [(before, after) for before, after in ends if before or after]

    def _templated(self, question: str, system: str | None) -> list[int]:
        from rlsd_pipeline.config.filled_template import FilledTemplate

        prompt = self._text.chat.prompt(FilledTemplate.of_value(question), 0, system)
        bos = self._tokenizer.bos_token
        reads_images = hasattr(self._processor, "image_processor")
        special = reads_images and (bos is None or not prompt.startswith(bos))
        return self._tokenizer(prompt, add_special_tokens=special).input_ids

    def _of_texts(self, rows: Sequence[SampledRow]) -> list[Tokens]:
        if not rows:
            return []
        end = self._tokenizer.eos_token
        texts = [self._continued(row, end) for row in rows]
        encoded = self._tokenizer(texts, add_special_tokens=False, return_offsets_mapping=True)
        found = []
        for row, text, ids, offsets in zip(
            rows, texts, encoded.input_ids, encoded.offset_mapping, strict=True
        ):
            written = self._text.chat.written_before(text)
            reason = row.finish_reason
            if reason is None:
                cut = len(ids) >= self._max_tokens
                reason = FinishReason.LENGTH if cut else FinishReason.STOP
            places = _ends(offsets)
            if reason is FinishReason.STOP:
                ids, places = [*ids, self._tokenizer.eos_token_id], [*places, len(text)]
            if "\ufffd" in text:
                # A character that was broken in the log cannot be told from a part of one.
                places = self._text.token_ends(ids, text)
            ends = [len(written) + place for place in places]
            found.append(Tokens(ids, written + text, ends, TokenSource.TOKENIZER, reason))
        return found

    def _continued(self, row: SampledRow, end: str) -> str:
        text = self._text.chat.continuation(row.completion or "")
        return text.removesuffix(end)

    def _of_ids(self, row: SampledRow, ids: Sequence[int]) -> Tokens | UnusableError:
        if max(ids) >= self._known or min(ids) < 0:
            return UnusableError(_UNKNOWN_IDS)
        turn = self._text.turn(ids)
        ends = [turn.begins + place for place in self._text.token_ends(ids, turn.sampled)]
        reason = row.finish_reason
        if reason is None:
            stopped = ids[-1] in self._text.end_token_ids
            reason = FinishReason.STOP if stopped else FinishReason.LENGTH
        return Tokens(ids, turn.text, ends, TokenSource.GIVEN, reason)


def _ends(offsets: Sequence[tuple[int, int]]) -> list[int]:
    """The end of each token's text; a token without a whole character ends where it begins."""
    ends = [end for _, end in offsets]
    for at in range(len(ends) - 2, -1, -1):
        start, end = offsets[at]
        if (end > start and offsets[at + 1] == (start, end)) or ends[at] > ends[at + 1]:
            ends[at] = start
    return ends
