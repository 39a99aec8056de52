"""Puts a question into the model's chat template, and reads the template's own response prefix."""

import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

from rlsd_pipeline.config.filled_template import IMAGE_TAG, FilledTemplate
from rlsd_pipeline.errors import DataError, ModelError
from rlsd_pipeline.models.placeholders import PLACEHOLDER

_FORMAT_TAGS = ("<think>", "</think>", "<answer>", "</answer>")
_MODALITIES = ("image", "video", "audio")
_OPENS, _CLOSES = "<think>", "</think>"


class Turn(NamedTuple):
    """One turn of the model.

    Attributes:
        prefilled: The part that the chat template wrote, such as `<think>`; mostly none.
        sampled: The text of the response itself.
    """

    prefilled: str
    sampled: str

    @property
    def text(self) -> str:
        """The turn as it reads."""
        return self.prefilled + self.sampled

    @property
    def begins(self) -> int:
        """The start of the response in the turn, in characters."""
        return len(self.prefilled)


class Chat:
    """The chat template of a processor or tokenizer.

    Args:
        processor: The processor with the chat template.
    """

    def __init__(self, processor: Any) -> None:
        self.processor = processor
        self.tokenizer = getattr(processor, "tokenizer", processor)
        self.reads_images = hasattr(processor, "image_processor")
        self._template = processor if self.reads_images else self.tokenizer

    def prompt(self, text: FilledTemplate, images: int, system: str | None) -> str:
        """One user turn in the template, ready for the response.

        Args:
            text: What is asked; its images go where it says so, or before it.
            images: How many there are.
            system: Text of the system message, if there is one.

        Raises:
            DataError: The text names more or fewer places than there are images.
            ModelError: The template has no system message, or the experimenter's text holds a
                placeholder of the model.
        """
        messages: list[dict[str, Any]] = [{"role": "user", "content": self._content(text, images)}]
        rendered = self._render(messages, begins_response=True)
        if system is not None:
            without, told = rendered, FilledTemplate.fill(system, {})
            messages.insert(0, {"role": "system", "content": self._content(told, 0)})
            rendered = self._render(messages, begins_response=True)
        # Some templates refuse a system message, and others leave it out without a word.
        if system is not None and (
            rendered is None or system.strip() not in rendered or rendered == without
        ):
            raise ModelError(
                f"prompts.system is set, and the chat template of {self._name} takes no system "
                "message: put its text into the templates of `prompts` instead"
            )
        if rendered is None:
            raise ModelError(f"the chat template of {self._name} cannot hold a question")
        return rendered

    def plain(self, text: FilledTemplate) -> str:
        """The text as a model may read it: a control token that a value spells is broken up.

        It must not end a turn or pass for an image. Those of the experimenter's own text stay.
        """
        values = list(text.value_spans())

        def broken(found: re.Match[str]) -> str:
            spelt = found[0]
            of_value = any(s < found.end() and found.start() < e for s, e in values)
            return f"{spelt[0]} {spelt[1:]}" if of_value else spelt

        return self._control_tokens.sub(broken, text)

    @cached_property
    def prefilled(self) -> str:
        """The beginning of the response by the template, such as `<think>`; mostly empty."""
        question = [{"role": "user", "content": self._content(FilledTemplate.of_value("?"), 0)}]
        asked = self._render(question, begins_response=False) or ""
        begun = self._render(question, begins_response=True) or ""
        _, opened, inside = begun.removeprefix(asked).rpartition(_OPENS)
        return opened + inside if opened else ""

    def written_before(self, response: str) -> str:
        """The part of the turn that the template wrote before this response.

        A thought that the template has opened and closed counts for none where the response has
        one of its own.
        """
        return "" if _CLOSES in self.prefilled and _OPENS in response else self.prefilled

    def continuation(self, turn: str) -> str:
        """The rest of a turn after the part that the template writes."""
        written = self.prefilled.strip()
        said = turn.lstrip()
        if not written or not said.startswith(written):
            return turn
        return said.removeprefix(written).lstrip("\n")

    @property
    def _name(self) -> str:
        return self.tokenizer.name_or_path or type(self.tokenizer).__name__

    @cached_property
    def _placeholders(self) -> frozenset[str]:
        """Tokens that the model reads as an image, a video or a sound."""
        added = self.tokenizer.get_added_vocab()
        named = (getattr(self.processor, f"{kind}_token", None) for kind in _MODALITIES)
        return frozenset(
            {token for token in added if PLACEHOLDER.fullmatch(token)}
            | {token for token in named if isinstance(token, str)}
        )

    @cached_property
    def _control_tokens(self) -> re.Pattern[str]:
        """The control tokens of a model: special tokens, marks of turns, placeholders."""
        added = self.tokenizer.added_tokens_decoder.values()
        question = [{"role": "user", "content": self._text("?")}]
        turn = self._render(question, begins_response=True) or ""
        # Some tokenizers leave the marks of a turn without the flag of a special token.
        marks = {token.content for token in added if token.content in turn} - {*_FORMAT_TAGS}
        special = {token.content for token in added if token.special}
        control = special | marks | self._placeholders
        # A single character cannot be broken up, and is text such as a line's end.
        spelt = [re.escape(t) for t in sorted(control, key=len, reverse=True) if len(t) > 1]
        return re.compile("|".join(spelt) or r"(?!)")

    def _render(
        self, messages: Sequence[Mapping[str, Any]], *, begins_response: bool
    ) -> str | None:
        """The messages in the template; None where it refuses them."""
        try:
            return self._template.apply_chat_template(
                messages, tokenize=False, add_generation_prompt=begins_response
            )
        except Exception:  # A template raises what its author or Jinja likes.
            return None

    def _content(self, text: FilledTemplate, images: int) -> str | list[dict[str, str]]:
        self._require_no_placeholders(text)
        if not self.reads_images:
            return self.plain(text)
        if not text.image_tags:
            return [{"type": "image"}] * images + self._text(self.plain(text))
        if text.image_tags != images:
            raise DataError(
                f"the prompt {text[:60]!r} says {IMAGE_TAG} {text.image_tags} times and has "
                f"{images} image(s): say it once for each, or leave it out"
            )
        first, *others = (self.plain(part) for part in text.between_images())
        content = self._text(first) if first else []
        for part in others:
            content += [{"type": "image"}, *(self._text(part) if part else [])]
        return content

    def _text(self, text: str) -> Any:
        return [{"type": "text", "text": text}] if self.reads_images else text

    def _require_no_placeholders(self, text: FilledTemplate) -> None:
        for piece in text.pieces:
            written = piece.text.replace(IMAGE_TAG, "") if piece.kind == "template" else ""
            found = next((token for token in self._placeholders if token in written), None)
            if found is not None:
                raise ModelError(
                    f"a template of `prompts` holds {found}, which {self._name} reads as an image: "
                    f"write {IMAGE_TAG} where an image goes"
                )
