"""Grouped attention against the sums written out, and against transformers' own."""

import pytest
import torch
from torch import nn

from rlsd_pipeline.models.attention import NAME, grouped_attention, use_grouped_attention
from rlsd_pipeline.models.policy import Policy

ROWS, HEADS, GROUPS, NEW, OLD, SIZE = 3, 2, 2, 4, 6, 8


@pytest.fixture
def arrays() -> tuple[torch.Tensor, ...]:
    generator = torch.Generator().manual_seed(0)

    def random(*shape: int) -> torch.Tensor:
        return torch.randn(shape, generator=generator, requires_grad=True)

    query = random(ROWS, HEADS * GROUPS, NEW, SIZE)
    key, value = random(ROWS, HEADS, OLD, SIZE), random(ROWS, HEADS, OLD, SIZE)
    mask = torch.rand(ROWS, 1, NEW, OLD, generator=generator) < 0.7
    mask[..., 0] = True
    return query, key, value, mask


def written_out(query, key, value, mask) -> torch.Tensor:
    """Head by head, token by token."""
    rows = []
    for row in range(ROWS):
        heads = []
        for head in range(HEADS * GROUPS):
            keys, values = key[row, head // GROUPS], value[row, head // GROUPS]
            scores = query[row, head] @ keys.T / SIZE**0.5
            scores = scores.masked_fill(~mask[row, 0], -torch.inf)
            heads.append(scores.softmax(-1) @ values)
        rows.append(torch.stack(heads, dim=1))
    return torch.stack(rows)


def test_values_and_gradients_are_those_of_the_sums(arrays: tuple[torch.Tensor, ...]) -> None:
    query, key, value, mask = arrays
    found, weights = grouped_attention(nn.Module(), query, key, value, mask, scaling=SIZE**-0.5)
    expected = written_out(query, key, value, mask)
    assert weights is None
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-6)
    inputs = (query, key, value)
    ours = torch.autograd.grad(found.square().sum(), inputs)
    theirs = torch.autograd.grad(expected.square().sum(), inputs)
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-5)


def test_keys_are_not_copied_for_every_query_head(arrays: tuple[torch.Tensor, ...]) -> None:
    query, key, value, mask = (part.detach() for part in arrays)
    layer = nn.Module()
    layer.num_key_value_groups = GROUPS
    seen = []

    class Watch(torch.overrides.TorchFunctionMode):
        def __torch_function__(self, function, types, args=(), kwargs=None):
            if function is nn.functional.scaled_dot_product_attention:
                seen.append(args[1].data_ptr())
            return function(*args, **(kwargs or {}))

    with Watch():
        grouped_attention(layer, query, key, value, mask)
    assert seen == [key.data_ptr()]


def test_a_policy_attends_in_groups_and_is_saved_without_a_trace(
    vision_policy: Policy, tmp_path
) -> None:
    assert vision_policy.model.config._attn_implementation == NAME
    vision_policy.save(tmp_path)
    assert NAME not in (tmp_path / "config.json").read_text()


def test_another_attention_is_left_alone(vision_policy: Policy) -> None:
    model = vision_policy.model
    model.set_attn_implementation("eager")
    try:
        use_grouped_attention(model)
        assert model.config._attn_implementation == "eager"
    finally:
        model.set_attn_implementation(NAME)
