import pytest
import torch

from rlsd_pipeline.credit import responses
from rlsd_pipeline.credit.responses import at_tokens, lengths_of, parts_of, totals_of

LENGTHS = torch.tensor([2, 0, 3, 1, 0])
ROWS = torch.tensor([0, 0, 2, 2, 2, 3])


def test_lengths_count_empty_responses_as_0() -> None:
    assert lengths_of(ROWS, 5).tolist() == [2, 0, 3, 1, 0]
    assert lengths_of(torch.zeros(0, dtype=torch.int64), 2).tolist() == [0, 0]


def test_a_value_stands_at_each_token_of_its_response() -> None:
    values = torch.tensor([0.5, 9.0, -1.0, 2.0, 9.0])
    assert at_tokens(values, LENGTHS).tolist() == [0.5, 0.5, -1.0, -1.0, -1.0, 2.0]
    assert at_tokens(torch.tensor([True, True, False, True, True]), LENGTHS).dtype == torch.bool


def test_totals_are_sums_in_double_precision() -> None:
    found = totals_of(torch.tensor([1e8, 1.0, 1.0, 2.0, 3.0, 4.0]), LENGTHS)
    assert found.dtype == torch.float64
    assert found.tolist() == [100000001.0, 0.0, 6.0, 4.0, 0.0]
    assert totals_of(torch.zeros(0), torch.tensor([0, 0])).tolist() == [0.0, 0.0]


def test_parts_are_whole_responses_of_a_limited_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(responses, "_PART", 4)
    found = list(parts_of(torch.tensor([2, 0, 3, 1, 9, 0, 4])))
    assert found == [
        (slice(0, 2), slice(0, 2)),
        (slice(2, 4), slice(2, 6)),
        (slice(4, 5), slice(6, 15)),
        (slice(5, 7), slice(15, 19)),
    ]
    assert list(parts_of(torch.tensor([], dtype=torch.int64))) == []
