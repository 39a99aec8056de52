"""Images scaled into a declared range of pixels, in this policy and in all that come after it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import ValidationError

from rlsd_pipeline.config.model import PretrainedModel, TinyQwen3VL
from rlsd_pipeline.errors import ModelError
from rlsd_pipeline.models.loading import bound_pixels, load_policy
from rlsd_pipeline.models.policy import Policy
from rlsd_pipeline.models.tiny_qwen3_vl import build_policy, train_tokenizer

Png = Callable[..., bytes]


def _image_tokens(policy: Policy, image: bytes) -> int:
    return policy.encode("?", [image]).image_tokens


def test_images_are_scaled_into_the_range(png: Png, tmp_path: Path) -> None:
    policy = build_policy(TinyQwen3VL(), train_tokenizer([], 450))
    # A token covers 16 by 16 pixels.
    bound_pixels(policy, 32 * 32, 128 * 128)
    sides = {16: 4, 64: 16, 512: 64}
    assert {side: _image_tokens(policy, png(side, side)) for side in sides} == sides
    policy.save(tmp_path)
    # What is saved with the base policy holds for every later one, and for another engine.
    assert _image_tokens(load_policy(tmp_path), png(512, 512)) == 64


def test_one_bound_leaves_the_other(png: Png) -> None:
    policy = build_policy(TinyQwen3VL(), train_tokenizer([], 450))
    bound_pixels(policy, None, 128 * 128)
    # The processor's own smallest image has 64 by 64 pixels.
    assert _image_tokens(policy, png(16, 16)) == 16
    bound_pixels(policy, None, None)
    assert _image_tokens(policy, png(512, 512)) == 64


def test_a_text_model_has_no_pixels(text_policy: Policy) -> None:
    with pytest.raises(ModelError, match="does not scale images by their pixels"):
        bound_pixels(text_policy, 1024, None)


def test_bounds_are_a_range() -> None:
    with pytest.raises(ValidationError, match="min_pixels 2000 is more than max_pixels 1000"):
        PretrainedModel(name="m", min_pixels=2000, max_pixels=1000)
