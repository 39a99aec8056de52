"""A policy from one GGUF file: weights unpacked, tokenizer rebuilt as the model was trained.

transformers reads the weights. What it leaves wrong or undone is put right here: a model read from
GGUF refuses to be saved, some tokenizers split numbers otherwise than in training, and of two end
tokens only one is known.
"""

import io
from contextlib import redirect_stderr
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import torch
from tokenizers import pre_tokenizers
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel

from rlsd_pipeline.config.model import GGUFModel
from rlsd_pipeline.errors import ModelError
from rlsd_pipeline.models.gguf_file import gguf_path
from rlsd_pipeline.models.loading import require_all_weights
from rlsd_pipeline.models.policy import Policy, require_chat

_LIBRARIES = ("accelerate", "gguf")

_SPLIT_WORDS = frozenset(["gpt-2", "mpt", "olmo", "jais"])
"""Names in `tokenizer.ggml.pre` of GPT-2's own rule, which transformers takes for all it does not
know."""

_SPLIT_DIGITS = frozenset(["smollm", "starcoder", "refact", "command-r", "codeshell"])
"""Names of the rule that first sets every digit apart."""


class _Facts(NamedTuple):
    """The file's facts about its tokenizer beside the vocabulary."""

    kind: str | None
    rule: str | None
    end_token_ids: list[int]


def load_gguf(config: GGUFModel) -> Policy:
    """Load a policy from a GGUF file; its weights are plain and can be trained and saved.

    Raises:
        ModelError: The file is missing, of an architecture that transformers cannot read, lacks
            tensors, or has a tokenizer that cannot be rebuilt faithfully or hold a chat; or the
            libraries that read it are not installed.
    """
    path = gguf_path(config)
    facts = _read_facts(path)
    tokenizer = _load_tokenizer(path, facts)
    model = _load_model(path, getattr(torch, config.dtype))
    model.generation_config.eos_token_id = facts.end_token_ids
    return Policy(model, tokenizer)


def gguf_tokenizer(config: GGUFModel) -> Any:
    """The tokenizer of a file, without reading its weights.

    Raises:
        ModelError: As `load_gguf`, as far as the tokenizer tells.
    """
    path = gguf_path(config)
    return _load_tokenizer(path, _read_facts(path))


def _read_facts(path: Path) -> _Facts:
    missing = [name for name in _LIBRARIES if find_spec(name) is None]
    if missing:
        raise ModelError(
            f"{path.name} is read with {' and '.join(_LIBRARIES)}, and {' and '.join(missing)} "
            'cannot be imported: run `pip install -e ".[gguf]"` in the checkout'
        )
    from gguf import GGUFReader

    try:
        reader = GGUFReader(path)
    except (ValueError, IndexError) as error:
        raise ModelError(f"{path} is damaged, or no GGUF file: {error}") from error

    def value(key: str) -> Any:
        field = reader.get_field(f"tokenizer.{key}")
        return None if field is None else field.contents()

    ends = {value("ggml.eos_token_id"), value("ggml.eot_token_id")} - {None}
    return _Facts(value("ggml.model"), value("ggml.pre"), sorted(ends))


def _load_model(path: Path, dtype: torch.dtype) -> PreTrainedModel:
    try:
        # Its progress bar heeds no setting, and would tear those of a run apart.
        with redirect_stderr(io.StringIO()):
            packed, report = AutoModelForCausalLM.from_pretrained(
                path.parent, gguf_file=path.name, dtype=dtype, output_loading_info=True
            )
    except (ValueError, NotImplementedError, KeyError) as error:
        raise ModelError(
            f"transformers cannot read {path}: {error}. Use the model's safetensors with "
            "`type: pretrained`"
        ) from error
    require_all_weights(packed, report["missing_keys"], path.name)
    # The weights are plain by now, but the model remembers its packing and refuses to be saved.
    config = packed.config
    del config.quantization_config
    config.name_or_path = path.name
    return type(packed).from_pretrained(
        None, config=config, state_dict=packed.state_dict(), dtype=dtype
    )


def _load_tokenizer(path: Path, facts: _Facts) -> Any:
    try:
        tokenizer = AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)
    except (ValueError, KeyError) as error:
        raise ModelError(f"the tokenizer of {path} cannot be rebuilt: {error}") from error
    # The location of the file must not appear in the saved tokenizer.
    tokenizer.name_or_path = path.name
    if facts.kind == "gpt2":
        _split_as_trained(tokenizer, facts.rule, path.name)
    require_chat(tokenizer, path.name)
    return tokenizer


def _split_as_trained(tokenizer: Any, rule: str | None, name: str) -> None:
    """Divide text into words as in training; another division gives other tokens, silently.

    Where transformers knows the rule it has put a pattern in place of GPT-2's.
    """
    backend = tokenizer.backend_tokenizer
    if not isinstance(backend.pre_tokenizer, pre_tokenizers.ByteLevel) or rule in _SPLIT_WORDS:
        return
    if rule not in _SPLIT_DIGITS:
        raise ModelError(
            f"the tokenizer of {name} divides text by the rule {rule!r} (tokenizer.ggml.pre), "
            "which transformers does not know: its tokens would not be those of the training. "
            "Use the model's safetensors with `type: pretrained`"
        )
    backend.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
