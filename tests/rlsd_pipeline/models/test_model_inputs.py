"""Tensors of unknown name, put together by their shape alone."""

import pytest
import torch

from rlsd_pipeline.errors import ModelError
from rlsd_pipeline.models.model_inputs import (
    collate_inputs,
    image_shapes,
    is_per_token,
    model_inputs,
    with_more_tokens,
)


def test_ids_and_mask_are_left_to_the_batch() -> None:
    kind = torch.tensor([[0, 1]])
    returned = {"input_ids": torch.ones(1, 2), "attention_mask": torch.ones(1, 2), "kind": kind}
    assert model_inputs(returned) == {"kind": kind}


def test_what_is_no_tensor_is_refused_by_name() -> None:
    with pytest.raises(ModelError, match="returns `rows` as list"):
        model_inputs({"rows": [1, 2]})


def test_what_is_said_of_tokens_is_known_by_its_shape() -> None:
    assert is_per_token(torch.ones(1, 7), 7)
    assert is_per_token(torch.ones(1, 7, 2, 4), 7)
    assert not is_per_token(torch.ones(7, 12), 7)
    assert not is_per_token(torch.ones(1, 3), 7)
    inputs = {"types": torch.ones(1, 7), "pixels": torch.ones(4, 3)}
    assert image_shapes(inputs, 7) == (("pixels", torch.Size([4, 3])),)
    assert image_shapes({"types": torch.ones(1, 7)}, 7) == ()


@pytest.mark.parametrize(
    ("left", "expected"),
    [(False, [[1, 2, 0], [0, 0, 0], [3, 4, 5]]), (True, [[0, 1, 2], [0, 0, 0], [3, 4, 5]])],
)
def test_tokens_are_padded_and_a_prompt_without_them_has_zeros(
    left: bool, expected: list[list[int]]
) -> None:
    rows = [{"types": torch.tensor([[1, 2]])}, {}, {"types": torch.tensor([[3, 4, 5]])}]
    found = collate_inputs(rows, [2, 1, 3], left=left)
    assert found["types"].tolist() == expected


def test_tokens_with_unequal_images_behind_them() -> None:
    rows = [{"mask": torch.ones(1, 2, 1)}, {"mask": torch.ones(1, 1, 2)}]
    assert collate_inputs(rows, [2, 1])["mask"].tolist() == [[[1, 0], [1, 0]], [[1, 1], [0, 0]]]


def test_images_follow_each_other() -> None:
    rows = [{"pixels": torch.tensor([[1], [2]])}, {}, {"pixels": torch.tensor([[3]])}]
    assert collate_inputs(rows, [5, 5, 5])["pixels"].tolist() == [[1], [2], [3]]


def test_images_of_unequal_shape_are_padded() -> None:
    rows = [{"pixels": torch.ones(1, 1, 2)}, {"pixels": 2 * torch.ones(2, 2, 1)}]
    assert collate_inputs(rows, [5, 5])["pixels"].tolist() == [
        [[1, 1], [0, 0]],
        [[2, 0], [2, 0]],
        [[2, 0], [2, 0]],
    ]


def test_new_tokens_are_of_the_kind_of_the_last() -> None:
    inputs = {"mask": torch.tensor([[[0, 0], [1, 0]]]), "pixels": torch.ones(4, 3)}
    longer = with_more_tokens(inputs, 2, 2)
    assert longer["mask"].tolist() == [[[0, 0], [1, 0], [1, 0], [1, 0]]]
    assert longer["pixels"] is inputs["pixels"]
    assert with_more_tokens(inputs, 2, 0)["mask"].tolist() == inputs["mask"].tolist()
