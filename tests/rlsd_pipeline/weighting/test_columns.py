import pyarrow as pa
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rlsd_pipeline.weighting.columns import completion_mask, padded, ragged

ROWS = st.lists(st.lists(st.floats(-100, 0, width=32), max_size=5), max_size=8)


def table(values: pa.ChunkedArray) -> pa.Table:
    """A table whose completion ids are as long as the values."""
    lengths = [len(row) for row in values.to_pylist()]
    ids = pa.chunked_array([pa.array([[7] * n for n in lengths], pa.list_(pa.int32()))])
    return pa.table({"completion_ids": ids, "values": values})


def floats(rows: list[list[float]]) -> pa.Array:
    return pa.array(rows, pa.list_(pa.float32()))


def test_padded_and_back() -> None:
    made = table(pa.chunked_array([floats([[-1.0, -2.0], [], [-3.0]])]))
    mask = completion_mask(made)
    assert mask.tolist() == [[True, True], [False, False], [True, False]]
    values = padded(made["values"], mask)
    assert values.tolist() == [[-1.0, -2.0], [0.0, 0.0], [-3.0, 0.0]]
    assert ragged(values, mask).to_pylist() == [[-1.0, -2.0], [], [-3.0]]


def test_slices_and_chunks() -> None:
    whole = floats([[-9.0], [-1.0, -2.0], [], [-3.0], [-9.0, -9.0]])
    sliced = pa.chunked_array([whole.slice(1, 3)])
    chunked = pa.chunked_array([whole.slice(1, 1), whole.slice(2, 2)])
    for values in (sliced, chunked):
        made = pa.table({"completion_ids": values.cast(pa.list_(pa.int32())), "values": values})
        mask = completion_mask(made)
        assert mask.sum(-1).tolist() == [2, 0, 1]
        assert padded(made["values"], mask).tolist() == [[-1.0, -2.0], [0.0, 0.0], [-3.0, 0.0]]


@given(ROWS, st.integers(0, 8), st.integers(0, 8))
def test_round_trip_of_any_slice_and_chunking(
    rows: list[list[float]], start: int, cut: int
) -> None:
    whole = pa.chunked_array([floats(rows[:cut]), floats(rows[cut:])]).slice(start)
    made = table(whole)
    mask = completion_mask(made)
    assert mask.shape == (len(rows[start:]), max(map(len, rows[start:]), default=0))
    assert ragged(padded(made["values"], mask), mask).to_pylist() == rows[start:]


@pytest.mark.parametrize("rows", [[], [[]], [[], []]])
def test_nothing_to_hold(rows: list[list[float]]) -> None:
    made = table(pa.chunked_array([floats(rows)]))
    mask = completion_mask(made)
    assert mask.shape == (len(rows), 0)
    assert ragged(padded(made["values"], mask), mask).to_pylist() == rows


def test_padding_is_left_behind() -> None:
    mask = torch.tensor([[True, False], [True, True]])
    values = torch.tensor([[1.0, float("nan")], [2.0, 3.0]])
    assert ragged(values, mask).to_pylist() == [[1.0], [2.0, 3.0]]
