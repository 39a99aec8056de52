from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from rlsd_pipeline.models.policy import Policy
from rlsd_pipeline.models.prefix import collate, extend, pad, prefill, spread

Naive = Callable[..., Tensor]
Png = Callable[..., bytes]


def test_pad() -> None:
    assert pad([[1, 2], [], [3]]).tolist() == [[1, 2], [0, 0], [3, 0]]
    assert pad([[1], [2, 3]], 9).tolist() == [[1, 9], [2, 3]]
    assert pad([[], []]).shape == (2, 0)
    assert pad([]).shape == (0, 0)
    assert pad([[1, 2], [], [3]], left=True).tolist() == [[1, 2], [0, 0], [0, 3]]


def test_collate_keeps_images_in_the_order_of_the_prompts(vision_policy: Policy, png: Png) -> None:
    plain = vision_policy.encode("a red circle?")
    one = vision_policy.encode("a?", [png(96, 32)])
    two = vision_policy.encode("is there a circle?", [png(64, 64), png(32, 96)])
    batch = collate([two, plain, one])
    # 4096 pixels in patches of 8: 8 by 8; about 4 by 14 and 14 by 4 for the long ones.
    grids = batch.inputs["image_grid_thw"].tolist()
    assert grids[0] == [1, 8, 8]
    assert grids[1][1] > grids[1][2]
    assert grids[2][1] < grids[2][2]
    pixels = torch.cat([two.inputs["pixel_values"], one.inputs["pixel_values"]])
    assert torch.equal(batch.inputs["pixel_values"], pixels)
    lengths = [len(prompt.prompt_ids) for prompt in (two, plain, one)]
    assert batch.attention_mask.sum(1).tolist() == lengths
    for row, prompt in enumerate((two, plain, one)):
        length = len(prompt.prompt_ids)
        assert batch.input_ids[row, :length].tolist() == prompt.prompt_ids
        types = batch.inputs["mm_token_type_ids"][row]
        assert torch.equal(types[:length], prompt.inputs["mm_token_type_ids"][0])
        assert types.sum() == prompt.image_tokens
    assert "pixel_values" not in collate([plain]).inputs


def test_response_begins_one_past_the_largest_position(vision_policy: Policy, png: Png) -> None:
    """Which, with an image, is not the prompt's length."""
    prompts = [
        vision_policy.encode("a?"),
        vision_policy.encode("is there a red circle in the image?", [png(64, 64)]),
        vision_policy.encode("a?", [png(128, 32)]),
    ]
    prefix = prefill(vision_policy.model, collate(prompts))
    found = prefix.next_position.tolist()
    for prompt, position in zip(prompts, found, strict=True):
        expected = len(prompt.prompt_ids) - prompt.image_tokens
        if prompt.sees:
            # An image of h by w patches, merged two by two, moves the position on by the longer
            # of its merged sides, however many tokens it has.
            expected += int(prompt.inputs["image_grid_thw"][0, 1:].max()) // 2
        assert position == expected
    assert found[0] == len(prompts[0].prompt_ids)
    assert found[1] < len(prompts[1].prompt_ids)


@pytest.mark.parametrize("pieces", [[5], [1, 4], [2, 2, 1], [1, 1, 1, 1, 1]])
def test_a_response_may_be_run_in_pieces(
    vision_policy: Policy, png: Png, pieces: list[int]
) -> None:
    """Sampling runs one token at a time, scoring all at once."""
    prompts = [vision_policy.encode("is a red shape there?", [png()]), vision_policy.encode("a?")]
    ids = torch.tensor([[40, 41, 42, 43, 44], [50, 51, 52, 53, 54], [60, 61, 62, 63, 64]])
    owners = torch.tensor([1, 0, 1])

    def run(sizes: list[int]) -> Tensor:
        prefix = spread(prefill(vision_policy.model, collate(prompts)), owners)
        parts, start = [], 0
        for size in sizes:
            mask = torch.ones(3, start + size, dtype=torch.long)
            part = ids[:, start : start + size]
            parts.append(extend(vision_policy.model, prefix, part, mask, start=start))
            start += size
        return torch.cat(parts, dim=1)

    with torch.no_grad():
        torch.testing.assert_close(run(pieces), run([5]), rtol=0, atol=2e-5)


def test_spread_gives_each_response_its_own_prompt(text_policy: Policy) -> None:
    prompts = [text_policy.encode("is there a red circle?"), text_policy.encode("a?")]
    prefix = prefill(text_policy.model, collate(prompts))
    last = prefix.last_hidden
    wide = spread(prefix, torch.tensor([1, 1, 0]))
    assert torch.equal(wide.last_hidden, last[[1, 1, 0]])
    lengths = [len(prompts[owner].prompt_ids) for owner in (1, 1, 0)]
    assert wide.attention_mask.sum(1).tolist() == lengths
    assert wide.next_position.tolist() == lengths
    assert wide.cache.layers[0].keys.shape[0] == 3


def test_last_hidden_is_that_of_the_last_real_token(text_policy: Policy) -> None:
    short, long = text_policy.encode("a?"), text_policy.encode("is there a red circle in it?")
    with torch.no_grad():
        together = prefill(text_policy.model, collate([short, long])).last_hidden
        for row, prompt in enumerate((short, long)):
            whole = text_policy.model.model(torch.tensor([prompt.prompt_ids])).last_hidden_state
            torch.testing.assert_close(together[row], whole[0, -1], rtol=0, atol=1e-5)
