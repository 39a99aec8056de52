"""The text of a response's tokens, by the tokenizer alone."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

from rlsd_pipeline.models.chat import Chat, Turn

_RESYNC = 8


class ResponseText:
    """Reads the responses of a model.

    Args:
        tokenizer: The model's.
        chat: Its chat template.
        end_token_ids: Tokens that end a response.
    """

    def __init__(self, tokenizer: Any, chat: Chat, end_token_ids: Sequence[int]) -> None:
        self.tokenizer, self.chat = tokenizer, chat
        self.end_token_ids = tuple(end_token_ids)
        self._texts: dict[int, str] = {}

    def decode(self, completion_ids: Sequence[int]) -> str:
        """The text of a response, without the end token that closes it."""
        kept = [i for i in completion_ids if i not in self.end_token_ids]
        text: str = self.tokenizer.decode(kept, skip_special_tokens=False)
        return text

    def turn(self, completion_ids: Sequence[int]) -> Turn:
        """The model's turn as it reads: what the chat template wrote of it counts as well."""
        sampled = self.decode(completion_ids)
        return Turn(self.chat.written_before(sampled), sampled)

    def token_ends(self, completion_ids: Sequence[int], completion: str) -> list[int]:
        """The end of each token's text in the response, in characters; `[tokens]`.

        Tokens are decoded a few at a time, since a character may take several of them, and after
        the ones before, since some tokenizers drop the blank that a text begins with.
        """
        pieces = ["" if i in self.end_token_ids else self._text_of(i) for i in completion_ids]
        if "\ufffd" not in completion and "".join(pieces) == completion:
            return list(accumulate(map(len, pieces)))
        ends: list[int] = []
        before: tuple[int, ...] = ()
        pending: tuple[int, ...] = ()
        place = 0
        for count, token_id in enumerate(completion_ids, start=1):
            if token_id in self.end_token_ids:
                ends.append(place)
                continue
            pending = (*pending, token_id)
            piece = self._text_of(token_id) if len(pending) == 1 else self.decode(pending)
            if not completion.startswith(piece, place):
                piece = self.decode(before + pending)[len(self.decode(before)) :]
            if len(pending) > _RESYNC:
                piece = self.decode(completion_ids[:count])[place:]
            if not piece.endswith("\ufffd") and completion.startswith(piece, place):
                place, before, pending = place + len(piece), pending, ()
            ends.append(place)
        return ends

    def _text_of(self, token_id: int) -> str:
        """The text of one token, which is kept."""
        if token_id not in self._texts:
            self._texts[token_id] = self.decode((token_id,))
        return self._texts[token_id]
