import torch
from transformers.cache_utils import DynamicLayer

from rlsd_pipeline.models.reserved_cache import ReservedLayer


def states(tokens: int, rows: int = 3) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.randn(rows, 2, tokens, 4), torch.randn(rows, 2, tokens, 4)


def test_reads_as_a_layer_that_grows_by_concatenation() -> None:
    first = states(5)
    grown = DynamicLayer()
    grown.update(*first)
    reserved = ReservedLayer(*first, room=4)
    for count, kept in ((1, [0, 1, 2]), (2, [2, 0]), (1, [1])):
        new = states(count, grown.keys.shape[0])
        for found, expected in zip(reserved.update(*new), grown.update(*new), strict=True):
            assert torch.equal(found, expected)
        assert reserved.get_seq_length() == grown.get_seq_length()
        assert reserved.get_mask_sizes(1) == grown.get_mask_sizes(1)
        rows = torch.tensor(kept)
        reserved.reorder_cache(rows)
        grown.reorder_cache(rows)
        assert torch.equal(reserved.keys, grown.keys)
        assert torch.equal(reserved.values, grown.values)


def test_what_is_there_stays_where_it_is() -> None:
    layer = ReservedLayer(*states(5), room=3)
    place = layer.keys.data_ptr()
    for _ in range(3):
        layer.update(*states(1))
    assert layer.keys.data_ptr() == place
    assert layer.keys.shape[-2] == 8
