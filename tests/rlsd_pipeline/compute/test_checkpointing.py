from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from transformers.modeling_layers import GradientCheckpointingLayer

from rlsd_pipeline.compute.checkpointing import checkpoint_layer
from rlsd_pipeline.models.logprobs import ScoringBatch, flat_completion_logprobs
from rlsd_pipeline.models.policy import Policy

Build = Callable[[str], Policy]


def gradients(policy: Policy, png: Callable[..., bytes]) -> dict[str, Tensor]:
    images = [png()] if policy.reads_images else []
    batch = ScoringBatch(
        prompts=[policy.encode("is there a red circle?", images), policy.encode("what colour?")],
        owners=[0, 0, 1],
        completion_ids=[[40, 41, 42], [43], [44, 45]],
    )
    (flat_completion_logprobs(policy, batch, 0.8) * torch.arange(1, 7)).sum().backward()
    return {n: p.grad for n, p in policy.model.named_parameters() if p.grad is not None}


@pytest.mark.parametrize("shares_prefix", [True, False])
@pytest.mark.parametrize("name", ["qwen3_vl", "llama"])
def test_gradients_are_the_plain_ones(
    build: Build, png: Callable[..., bytes], name: str, shares_prefix: bool
) -> None:
    plain, policy = build(name), build(name)
    plain.shares_prefix = policy.shares_prefix = shares_prefix
    layers = [m for m in policy.model.modules() if isinstance(m, GradientCheckpointingLayer)]
    ran: list[str] = []
    for number, layer in enumerate(layers):
        attention = getattr(layer, "self_attn", None) or layer.attn
        attention.register_forward_hook(lambda *_, number=number: ran.append(str(number)))
        checkpoint_layer(layer)
    expected, found = gradients(plain, png), gradients(policy, png)
    assert expected.keys() == found.keys()
    assert all(torch.equal(expected[key], found[key]) for key in expected)
    # Each pass is run once forward and once more in the backward pass; the language model passes
    # over prompts and responses apart where the prompt is shared.
    passes = {"qwen3_vl": [1, 2, 2], "llama": [2, 2]}[name]
    if not shares_prefix:
        passes = [1] * len(passes)
    assert [ran.count(str(number)) for number in range(len(layers))] == [2 * n for n in passes]
