"""The groups of an update as one safetensors file; pixels are read from disk when needed."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from rlsd_pipeline.models.logprobs import Support
from rlsd_pipeline.models.policy import EncodedPrompt
from rlsd_pipeline.update.policy_update import UpdateGroup
from rlsd_pipeline.update.token_loss import Tokens
from rlsd_pipeline.weighting.method import TokenStreams

_INPUTS = "inputs."


def write_groups(path: Path, groups: Sequence[UpdateGroup]) -> None:
    """Write groups, each under its number."""
    arrays: dict[str, Tensor] = {}
    written: set[int] = set()
    for number, group in enumerate(groups):
        for name, value in _arrays(group):
            # Two problems may have one prompt, and a file may not hold one storage twice.
            place = value.untyped_storage().data_ptr()
            arrays[f"{number:06d}/{name}"] = value.clone() if place in written else value
            written.add(place)
    save_file({name: value.contiguous() for name, value in arrays.items()}, path)


def read_groups(path: Path) -> list[UpdateGroup]:
    """Read groups in their order; the file is mapped, so only used parts are read."""
    groups: dict[str, dict[str, Tensor]] = {}
    for key, value in load_file(path).items():
        number, _, name = key.partition("/")
        groups.setdefault(number, {})[name] = value
    return [_group(groups[number]) for number in sorted(groups)]


def _arrays(group: UpdateGroup) -> Iterator[tuple[str, Tensor]]:
    prompt, tokens = group.prompt, group.tokens
    yield "prompt_ids", torch.tensor(prompt.prompt_ids)
    for name, value in prompt.inputs.items():
        yield f"{_INPUTS}{name}", value
    yield "lengths", torch.tensor([len(ids) for ids in group.completion_ids])
    ids = [token_id for row in group.completion_ids for token_id in row]
    yield "completion_ids", torch.tensor(ids, dtype=torch.long)
    yield "old_logprobs", tokens.old_logprobs
    for name, stream in tokens.streams._asdict().items():
        if stream is not None:
            yield f"streams.{name}", stream
    if tokens.teacher is not None:
        for name, value in tokens.teacher._asdict().items():
            yield f"teacher.{name}", value
    if tokens.engine_ratios is not None:
        yield "engine_ratios", tokens.engine_ratios
    if tokens.base_logprobs is not None:
        yield "base_logprobs", tokens.base_logprobs


def _group(arrays: dict[str, Tensor]) -> UpdateGroup:
    prompt = EncodedPrompt(
        arrays["prompt_ids"].tolist(),
        {
            name.removeprefix(_INPUTS): value
            for name, value in arrays.items()
            if name.startswith(_INPUTS)
        },
    )
    rows = arrays["completion_ids"].split(arrays["lengths"].tolist())
    streams = TokenStreams(*(arrays.get(f"streams.{name}") for name in TokenStreams._fields))
    teacher = None
    if "teacher.ids" in arrays:
        teacher = Support(*(arrays[f"teacher.{name}"] for name in Support._fields))
    others = (arrays.get(name) for name in ("engine_ratios", "base_logprobs"))
    tokens = Tokens(arrays["old_logprobs"], streams, teacher, *others)
    return UpdateGroup(prompt, [row.tolist() for row in rows], tokens)
