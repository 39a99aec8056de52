"""A tokenizer with the placeholders of one family, and a chat template that puts them."""

from collections.abc import Mapping

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

TEXTS = (
    "is there a red circle in the image? what colour is the shape? does it contain a triangle?",
    "<think>a red circle. asked red, seen red same, plain.</think><answer>yes</answer>",
)
BOS, PAD, START, END = "<s>", "<pad>", "<|start|>", "<|end|>"
VOCABULARY = 320


def chat_template(image: str) -> str:
    """Turns between `START` and `END`, each image as its family spells it."""
    return (
        f"{BOS}{{% for message in messages %}}{START}{{{{ message.role }}}}\n"
        "{% if message.content is string %}{{ message.content }}{% else %}"
        "{% for part in message.content %}{% if part.type == 'image' %}"
        f"{image}{{% else %}}{{{{ part.text }}}}{{% endif %}}{{% endfor %}}"
        f"{{% endif %}}{END}\n{{% endfor %}}"
        f"{{% if add_generation_prompt %}}{START}assistant\n{{% endif %}}"
    )


def family_tokenizer(
    image: str = "", named: Mapping[str, str] | None = None, others: tuple[str, ...] = ()
) -> PreTrainedTokenizerFast:
    """A byte-level BPE.

    Args:
        image: What the chat template puts for an image.
        named: Attribute of the tokenizer -> placeholder, such as `image_token`.
        others: Further placeholders.
    """
    named = dict(named or {})
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = [PAD, BOS, START, END, *dict.fromkeys((*named.values(), *others))]
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(TEXTS, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token=BOS,
        eos_token=END,
        pad_token=PAD,
        extra_special_tokens=named,
        chat_template=chat_template(image),
        clean_up_tokenization_spaces=False,
    )
