"""The result files of an update: each process writes its rows of every tensor.

    result/metrics.json                         written by rank 0
    result/weights-00000-of-00002.safetensors   rows of rank 0, by parameter name
    result/optimizer-00000-of-00002.safetensors the same, by `parameter/field`
    result/adapter-00000-of-00002.safetensors   the same, where an adapter is trained

A tensor's rows are divided as `torch.chunk` divides them, so the ranks' parts, one after the other,
are the whole tensor.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal, NamedTuple

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

Kind = Literal["weights", "optimizer", "adapter"]

_RESULT = "result"
_METRICS = "metrics.json"


class UpdateResult(NamedTuple):
    """An update that is done.

    Attributes:
        folder: Where the ranks have written.
        metrics: Metrics of the update.
    """

    folder: Path
    metrics: dict[str, float]

    def tensors(self, kind: Kind) -> Iterator[tuple[str, Tensor]]:
        """The whole tensors one after the other, each assembled on demand."""
        with _Parts(sorted(self.folder.glob(f"{kind}-*.safetensors"))) as parts:
            for name in parts.names:
                yield name, parts.joined(name)


def write_rows(
    folder: Path, kind: Kind, rank: int, world_size: int, rows: Mapping[str, Tensor]
) -> None:
    """Write the rows that one rank owns; the empty part of a short tensor is left out."""
    result = folder / _RESULT
    result.mkdir(exist_ok=True)
    kept = {name: part.detach().contiguous().cpu() for name, part in rows.items() if part.numel()}
    save_file(kept, result / f"{kind}-{rank:05d}-of-{world_size:05d}.safetensors")


def write_metrics(folder: Path, metrics: Mapping[str, float]) -> None:
    """Write what rank 0 says of the update."""
    result = folder / _RESULT
    result.mkdir(exist_ok=True)
    (result / _METRICS).write_text(json.dumps(dict(metrics)), encoding="utf-8")


def read_result(folder: Path) -> UpdateResult:
    """The result of the update in a job's folder."""
    result = folder / _RESULT
    return UpdateResult(result, json.loads((result / _METRICS).read_text(encoding="utf-8")))


class _Parts:
    """The files of all ranks, open at once."""

    def __init__(self, paths: list[Path]) -> None:
        self._files = [safe_open(path, framework="pt") for path in paths]
        self.names = sorted({name for file in self._files for name in file.keys()})  # noqa: SIM118

    def __enter__(self) -> "_Parts":
        for file in self._files:
            file.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        for file in self._files:
            file.__exit__(*error)

    def joined(self, name: str) -> Tensor:
        """The rows of all ranks."""
        return torch.cat([f.get_tensor(name) for f in self._files if name in f.keys()])  # noqa: SIM118
