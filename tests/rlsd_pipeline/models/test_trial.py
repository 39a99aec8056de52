"""A base model is put one question before anything is computed with it."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from rlsd_pipeline.errors import ModelError
from rlsd_pipeline.models.policy import Policy
from rlsd_pipeline.models.trial import require_agreement
from tests.families.families import FAMILIES, Family

Build = Callable[[str], Policy]


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_every_family_agrees(family: Family) -> None:
    require_agreement(family.policy(), "my-model")


def test_below_float32_rounding_is_no_reason(build: Build) -> None:
    policy = build("qwen3_vl")
    policy.model.to(torch.bfloat16)
    require_agreement(policy, "my-model")


def test_a_model_whose_positions_are_others(build: Build) -> None:
    """The cache is continued one place too far, as it would be by an unknown kind of positions."""
    policy = build("llama")
    rotary = policy.model.model.rotary_emb
    plain = rotary.forward

    def further(hidden: Tensor, position_ids: Tensor) -> tuple[Tensor, Tensor]:
        return plain(hidden, position_ids + 9 * (position_ids[:, :1] > 0))

    rotary.forward = further
    with pytest.raises(ModelError, match=r"my-model \(LlamaForCausalLM\) is run otherwise .* nats"):
        require_agreement(policy, "my-model")


def test_a_processor_of_another_size(build: Build) -> None:
    policy = build("qwen3_vl")
    policy.processor.image_processor.merge_size = 1
    with pytest.raises(
        ModelError, match=r"my-model \(Qwen3VL.*\) cannot be put a question with an image: "
    ):
        require_agreement(policy, "my-model")
