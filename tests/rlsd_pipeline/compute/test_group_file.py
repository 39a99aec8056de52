from collections.abc import Callable
from pathlib import Path

import torch

from rlsd_pipeline.compute.group_file import read_groups, write_groups
from rlsd_pipeline.models.logprobs import Support
from rlsd_pipeline.models.policy import Policy
from rlsd_pipeline.update.policy_update import UpdateGroup
from rlsd_pipeline.update.token_loss import Tokens
from rlsd_pipeline.weighting.method import TokenStreams


def test_groups_go_through_a_file(
    vision_policy: Policy, png: Callable[..., bytes], tmp_path: Path
) -> None:
    support = Support(torch.arange(6).reshape(3, 2), torch.rand(3, 2), torch.rand(3))
    # Columns of one table, as the stage cuts them, and one prompt that two problems share.
    table = torch.rand(6)
    prompt = vision_policy.encode("a circle?", [png()])
    groups = [
        UpdateGroup(
            prompt,
            [[5, 6], [], [7]],
            Tokens(table[:3], TokenStreams(nll_weights=table[3:]), None),
        ),
        UpdateGroup(
            prompt,
            [[8, 9, 10]],
            Tokens(
                table[1:4],
                TokenStreams(table[:3], table[2:5], anchor_weights=table[:3]),
                support,
                base_logprobs=table[3:],
            ),
        ),
        UpdateGroup(vision_policy.encode("what?"), [[]], Tokens(table[:0], TokenStreams(), None)),
    ]
    write_groups(tmp_path / "groups.safetensors", groups)
    found = read_groups(tmp_path / "groups.safetensors")
    assert len(found) == 3
    for before, after in zip(groups, found, strict=True):
        assert after.completion_ids == before.completion_ids
        assert after.prompt.prompt_ids == before.prompt.prompt_ids
        # Encoded images are an engine's; the update reads what the processor made of them.
        assert after.prompt.inputs.keys() == before.prompt.inputs.keys()
        for name, value in before.prompt.inputs.items():
            torch.testing.assert_close(after.prompt.inputs[name], value, rtol=0, atol=0)
        assert after.prompt.sees == before.prompt.sees
        torch.testing.assert_close(after.tokens, before.tokens, rtol=0, atol=0)
