"""A policy: a language model with its tokenizer and processor, which samples, scores and learns."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from PIL.Image import Image
from torch.nn import Parameter
from transformers import PreTrainedModel

from rlsd_pipeline.config.filled_template import FilledTemplate, Piece
from rlsd_pipeline.data.images import decode_image
from rlsd_pipeline.errors import DataError, ModelError
from rlsd_pipeline.models.adapter import merged_weights
from rlsd_pipeline.models.attention import use_grouped_attention
from rlsd_pipeline.models.chat import Chat, Turn
from rlsd_pipeline.models.master_weights import MasterWeights
from rlsd_pipeline.models.model_inputs import ModelInputs, image_shapes, model_inputs
from rlsd_pipeline.models.placeholders import image_token_ids, placeholder_ids
from rlsd_pipeline.models.response_text import ResponseText
from rlsd_pipeline.models.sharing import can_share_prefix
from rlsd_pipeline.models.weights import FILE_BYTES

_KEPT_BYTES = 1 << 30
"""Bytes of encoded prompts kept in memory: an image of a megapixel takes some 12 MB."""


_PromptKey = tuple[tuple[Piece, ...], str | None, tuple[bytes, ...]]


class EncodedPrompt(NamedTuple):
    """One prompt as the model reads it.

    Attributes:
        prompt_ids: Token ids, image placeholders expanded; `[prompt tokens]`.
        inputs: What else the processor returned, for the model alone; see `model_inputs`.
        image_tokens: How many of the ids are replaced by features of an image.
        images: The encoded images, for an engine that runs a processor of its own.
        short_ids: Token ids before an image's placeholder is expanded, for the same; empty without
            images.
    """

    prompt_ids: list[int]
    inputs: ModelInputs = MappingProxyType({})
    image_tokens: int = 0
    images: tuple[bytes, ...] = ()
    short_ids: Sequence[int] = ()

    @property
    def size(self) -> int:
        """Bytes, roughly."""
        held = sum(value.nbytes for value in self.inputs.values())
        return held + 64 * len(self.prompt_ids)

    @property
    def sees(self) -> bool:
        """Whether the model's vision tower runs for it."""
        return bool(image_shapes(self.inputs, len(self.prompt_ids)))


class Policy:
    """A model and the processor that turns a question with images into its tokens.

    Args:
        model: A causal language model or an image-text-to-text model of transformers.
        processor: Its processor, or its tokenizer where it reads text only.

    Attributes:
        chat: Its chat template.
        weights_digest: Digest of the artifact that holds the weights as they now are; None where
            none is known to.
        masters: The float32 weights that are trained, where the model computes in bfloat16.

    Raises:
        ModelError: The tokenizer has no chat template or no end token.
    """

    weights_digest: str | None = None
    masters: MasterWeights | None = None

    def __init__(self, model: PreTrainedModel, processor: Any) -> None:
        use_grouped_attention(model)
        self.model = model.eval()
        self.processor = processor
        self.tokenizer = getattr(processor, "tokenizer", processor)
        require_chat(processor, model.name_or_path or type(model).__name__)
        self.chat = Chat(processor)
        self._prompts: dict[_PromptKey, EncodedPrompt] = {}
        self._prompt_bytes = 0

    @property
    def trained(self) -> dict[str, Parameter]:
        """Name of the model's parameter -> the tensor that the optimizer steps."""
        if self.masters is not None:
            return self.masters.parameters
        return {n: p for n, p in self.model.named_parameters() if p.requires_grad}

    @property
    def reads_images(self) -> bool:
        """Whether the model takes images."""
        return hasattr(self.processor, "image_processor")

    @cached_property
    def shares_prefix(self) -> bool:
        """Whether a prompt is run once for its responses; set False, it is run for each of them."""
        return can_share_prefix(self.model)

    @cached_property
    def end_token_ids(self) -> tuple[int, ...]:
        """Tokens that end a response."""
        configured = (
            self.model.generation_config.eos_token_id if self.model.can_generate() else None
        )
        extra = configured if isinstance(configured, list) else [configured]
        ids = {self.tokenizer.eos_token_id, *(i for i in extra if i is not None)}
        return tuple(sorted(ids))

    @cached_property
    def suppressed_token_ids(self) -> tuple[int, ...]:
        """Placeholders of images: as sampled text they would need features that do not exist."""
        return placeholder_ids(self.model, self.processor)

    def encode(
        self,
        text: str,
        images: Sequence[bytes] = (),
        system: str | None = None,
    ) -> EncodedPrompt:
        """Put a question with its images into the chat template, ready for the response.

        Args:
            text: What is asked. Of a filled template only the values are data, whose control tokens
                are broken up; any other string is data from end to end.
            images: Encoded, in the order in which the text speaks of them.
            system: The experimenter's system message.

        Raises:
            ModelError: The prompt has images and the model takes none, or its chat template has no
                system message.
            DataError: Text and images do not fit each other, or the model's processor cannot read
                an image.
        """
        filled = text if isinstance(text, FilledTemplate) else FilledTemplate.of_value(text)
        key = (filled.pieces, system, tuple(images))
        if key not in self._prompts:
            prompt = self._encode(filled, images, system)
            self._prompt_bytes += prompt.size
            if self._prompt_bytes > _KEPT_BYTES:
                self._prompts.clear()
                self._prompt_bytes = prompt.size
            self._prompts[key] = prompt
        return self._prompts[key]

    def _encode(
        self, text: FilledTemplate, images: Sequence[bytes], system: str | None
    ) -> EncodedPrompt:
        if images and not self.reads_images:
            raise ModelError(
                f"the problem {text[:60]!r} has {len(images)} image(s) and "
                f"{type(self.model).__name__} reads text only: use a vision-language model"
            )
        prompt = self.chat.prompt(text, len(images), system)
        if not self.reads_images:
            ids = self.tokenizer(prompt, add_special_tokens=False).input_ids
            return EncodedPrompt(ids)
        bos = self.tokenizer.bos_token
        special = bos is None or not prompt.startswith(bos)
        returned = self._processed(prompt, text, images, add_special_tokens=special)
        ids = returned["input_ids"][0].tolist()
        places = image_token_ids(self.model, self.processor)
        return EncodedPrompt(
            prompt_ids=ids,
            inputs=model_inputs(returned),
            image_tokens=sum(token in places for token in ids),
            images=tuple(images),
            short_ids=self.tokenizer(prompt, add_special_tokens=special).input_ids
            if images
            else (),
        )

    def _processed(
        self, prompt: str, text: str, images: Sequence[bytes], **options: bool
    ) -> Mapping[str, Any]:
        """The processor's output for a prompt; an error names the prompt and its images."""
        pictures: list[Image] = []
        try:
            pictures += map(decode_image, images)
            returned: Mapping[str, Any] = self.processor(
                text=[prompt],
                images=[pictures] if pictures else None,
                return_tensors="pt",
                **options,
            )
        except Exception as error:  # Each processor refuses in its own way.
            sizes = ", ".join(f"{one.width} x {one.height}" for one in pictures)
            raise DataError(
                f"{type(self.processor).__name__} cannot read the prompt {text[:60]!r} with "
                f"{len(images)} image(s) of {sizes or 'no'} pixels: {error}"
            ) from error
        return returned

    def decode(self, completion_ids: Sequence[int]) -> str:
        """The text of a response, without the end token that closes it."""
        return self._response_text.decode(completion_ids)

    def turn(self, completion_ids: Sequence[int]) -> Turn:
        """The model's turn as it reads: what the chat template wrote of it counts as well."""
        return self._response_text.turn(completion_ids)

    def response_ids(self, turn: FilledTemplate) -> list[int]:
        """The tokens of a response that makes up a whole turn, its end token included.

        What the chat template writes of the turn itself is left out of them.
        """
        text = self.chat.continuation(self.chat.plain(turn))
        return [
            *self.tokenizer(text, add_special_tokens=False).input_ids,
            self.tokenizer.eos_token_id,
        ]

    def token_ends(self, completion_ids: Sequence[int], completion: str) -> list[int]:
        """The end of each token's text in the response, in characters; `[tokens]`."""
        return self._response_text.token_ends(completion_ids, completion)

    @cached_property
    def _response_text(self) -> ResponseText:
        return ResponseText(self.tokenizer, self.chat, self.end_token_ids)

    def save(self, directory: Path) -> list[str]:
        """Write config, tokenizer, processor and weights; returns the file names, sorted."""
        self.model.save_pretrained(
            directory, state_dict=merged_weights(self.model), max_shard_size=FILE_BYTES
        )
        self.processor.save_pretrained(directory)
        return sorted(path.name for path in directory.iterdir() if path.is_file())


def require_chat(processor: Any, name: str) -> None:
    """Refuse a tokenizer that cannot hold a chat.

    Raises:
        ModelError: It has no chat template or no end token, or its template is broken.
    """
    tokenizer = getattr(processor, "tokenizer", processor)
    if getattr(processor, "chat_template", None) is None and not tokenizer.chat_template:
        raise ModelError(
            f"the tokenizer of {name} has no chat template, so a question cannot be put to it: "
            "use the model's instruct version, or save a chat_template.jinja beside its tokenizer"
        )
    if tokenizer.eos_token_id is None:
        raise ModelError(
            f"the tokenizer of {name} names no end token, so no response would ever end: set "
            "eos_token in its tokenizer_config.json"
        )
    Chat(processor).prompt(FilledTemplate.of_value("?"), 0, None)


def require_system(processor: Any, system: str) -> None:
    """Refuse a chat template that takes no system message.

    Raises:
        ModelError: It refuses one, or leaves it out.
    """
    Chat(processor).prompt(FilledTemplate.of_value("?"), 0, system)
