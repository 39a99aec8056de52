from pathlib import Path

import torch

from rlsd_pipeline.compute.result import read_result, write_metrics, write_rows
from rlsd_pipeline.compute.sharded_policy import own_rows


class Place:
    """One of several processes."""

    def __init__(self, rank: int, count: int) -> None:
        self.rank, self.count = rank, count

    def size(self) -> int:
        return self.count

    def get_local_rank(self) -> int:
        return self.rank


def test_the_rows_of_all_make_the_whole(tmp_path: Path) -> None:
    whole = {"long": torch.rand(10, 2), "short": torch.rand(2, 3), "one": torch.rand(1)}
    for rank in range(4):
        rows = {
            name: own_rows(value, len(value), Place(rank, 4))  # type: ignore[arg-type]
            for name, value in whole.items()
        }
        # As FSDP2 divides: by rows, as `torch.chunk`, which leaves the last with less or nothing.
        assert [len(value) for value in rows.values()] == [
            [3, 1, 1],
            [3, 1, 0],
            [3, 0, 0],
            [1, 0, 0],
        ][rank]
        write_rows(tmp_path, "weights", rank, 4, rows)
    write_rows(tmp_path, "optimizer", 0, 4, {"one/step": torch.tensor([2.0])})
    write_metrics(tmp_path, {"loss": 0.1})
    result = read_result(tmp_path)
    assert result.metrics == {"loss": 0.1}
    joined = dict(result.tensors("weights"))
    assert joined.keys() == whole.keys()
    assert all(torch.equal(joined[name], value) for name, value in whole.items())
    assert dict(result.tensors("optimizer")) == {"one/step": torch.tensor([2.0])}
    assert list(result.tensors("adapter")) == []
