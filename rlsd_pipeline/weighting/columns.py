"""Token tables as tensors, and back: ragged list columns against padded `[rollouts, tokens]`."""

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor


def completion_mask(table: pa.Table) -> Tensor:
    """True where a rollout has a token; `[rollouts, longest]`."""
    lengths = torch.from_numpy(_lengths(table["completion_ids"]))
    longest = int(lengths.max()) if len(lengths) else 0
    return torch.arange(longest) < lengths[:, None]


def padded(column: pa.ChunkedArray, mask: Tensor) -> Tensor:
    """A list column as float32 `[rollouts, tokens]`, 0 outside the mask."""
    values = torch.zeros(mask.shape)
    flat = column.combine_chunks().flatten().to_numpy(zero_copy_only=False)
    values[mask] = torch.from_numpy(np.asarray(flat, dtype=np.float32).copy())
    return values


def ragged(values: Tensor, mask: Tensor) -> pa.ListArray:
    """The inverse of `padded`: one list of float32 a rollout."""
    offsets = np.concatenate([[0], mask.sum(-1).cumsum(0).numpy()]).astype(np.int32)
    return pa.ListArray.from_arrays(offsets, values[mask].numpy().astype(np.float32))


def _lengths(column: pa.ChunkedArray) -> np.ndarray:
    offsets = column.combine_chunks().offsets.to_numpy()
    return np.diff(offsets).astype(np.int64)
