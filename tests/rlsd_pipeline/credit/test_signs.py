import pyarrow as pa

from rlsd_pipeline.credit.signs import flipped_signs


def column(rows: list[list[float]]) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(rows, pa.list_(pa.float32()))])


def numbers(values: list[float]) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(values, pa.float64())])


def test_counts_tokens_against_their_reward() -> None:
    tokens = column([[0.5, -0.5, 0.0], [-1.0, -2.0], [0.0, 1.0], []])
    # First response (A > 0): -0.5 and 0 have another sign; second (A < 0): none;
    # third (A = 0): only 1 has; the last has no tokens.
    assert flipped_signs(tokens, numbers([1.0, -0.1, 0.0, 2.0])) == 3


def test_slices_and_chunks() -> None:
    rows = [[9.0], [-1.0, 1.0], [], [2.0], [9.0, 9.0]]
    whole = pa.array(rows, pa.list_(pa.float32()))
    advantages = numbers([-1.0, 1.0, 1.0, -1.0, -1.0])
    # Rows 1 to 3: -1 against 1, and 2 against -1.
    assert flipped_signs(pa.chunked_array([whole.slice(1, 3)]), advantages.slice(1, 3)) == 2
    chunks = pa.chunked_array([whole.slice(1, 1), whole.slice(2, 2)])
    split = pa.chunked_array([pa.array([1.0, 1.0]), pa.array([-1.0])])
    assert flipped_signs(chunks, split) == 2


def test_no_rows() -> None:
    assert flipped_signs(column([]), numbers([])) == 0
