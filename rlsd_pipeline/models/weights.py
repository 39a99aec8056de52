"""Weights and optimizer state as safetensors files: one, or several where they are large."""

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor
from transformers import PreTrainedModel

from rlsd_pipeline.models.adapter import merged_weights

WEIGHTS = "model.safetensors"
OPTIMIZER = "optimizer.safetensors"

FILE_BYTES = 5 * 10**9
"""Bytes of one file, which bound the memory of reading a checkpoint file by file."""

_SUFFIX = ".safetensors"
_INDEX = f"{_SUFFIX}.index.json"


def weight_files(model_files: Iterable[str]) -> list[str]:
    """Those of a checkpoint's files that hold weights."""
    return [name for name in model_files if name.endswith(_SUFFIX)]


def other_files(model_files: Iterable[str]) -> list[str]:
    """Those that an update does not change: configuration, tokenizer, processor."""
    return [name for name in model_files if not name.endswith((_SUFFIX, _INDEX))]


def save_weights(
    model: PreTrainedModel, folder: Path, state: dict[str, Tensor] | None = None
) -> list[str]:
    """Write weights alone; returns the file names, that of the index of several among them.

    Only transformers knows their names on disk: for some architectures they are not those of the
    state dict, and a loader finds nothing under the latter.

    Args:
        model: Names and ties them.
        folder: Where to write.
        state: Weights by parameter name; None takes the model's own, with what an adapter beside
            them adds.
    """
    with tempfile.TemporaryDirectory(prefix="rlsd-weights-", dir=folder) as directory:
        state = merged_weights(model) if state is None else state
        model.save_pretrained(directory, state_dict=state, max_shard_size=FILE_BYTES)
        written = sorted(p for p in Path(directory).iterdir() if p.name.endswith((_SUFFIX, _INDEX)))
        for path in written:
            path.replace(folder / path.name)
    return [path.name for path in written]


def save_optimizer(folder: Path, state: Iterable[tuple[str, Tensor]]) -> list[str]:
    """Write an optimizer's state, some tensors at a time; returns the file names."""
    parts: list[Path] = []
    pending: dict[str, Tensor] = {}

    def flush() -> None:
        parts.append(folder / f"{OPTIMIZER}.{len(parts)}")
        save_file(pending, parts[-1])
        pending.clear()

    for name, value in state:
        if pending and sum(each.nbytes for each in pending.values()) + value.nbytes > FILE_BYTES:
            flush()
        pending[name] = value.contiguous()
    flush()
    names = [OPTIMIZER]
    if len(parts) > 1:
        stem = OPTIMIZER.removesuffix(_SUFFIX)
        names = [
            f"{stem}-{number:05d}-of-{len(parts):05d}{_SUFFIX}"
            for number in range(1, len(parts) + 1)
        ]
    for part, name in zip(parts, names, strict=True):
        part.replace(folder / name)
    return names


@contextmanager
def opened(paths: Sequence[Path]) -> Iterator[dict[str, Callable[[], Any]]]:
    """Tensor name -> a function that gives its slice, which reads `[start:stop]` when asked."""
    with ExitStack() as stack:
        tensors: dict[str, Callable[[], Any]] = {}
        for path in paths:
            file = stack.enter_context(safe_open(path, framework="pt"))
            for name in file.keys():  # noqa: SIM118
                tensors[name] = partial(file.get_slice, name)
        yield tensors
