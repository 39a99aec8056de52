import pytest
import torch

from rlsd_pipeline.update.problem_gradients import GradientBatch, projected


def test_a_projection_is_linear_and_keeps_products_in_the_mean() -> None:
    generator = torch.Generator().manual_seed(1)
    first, second = torch.randn(2, 200_001, generator=generator)
    second = second + 0.2 * first
    kept = 4096
    a, b = projected(first, kept), projected(second, kept)
    assert torch.allclose(projected(first + second, kept), a + b, atol=1e-4)
    error = (first.norm() * second.norm() / kept**0.5).item()
    assert (a @ b).item() == pytest.approx((first @ second).item(), abs=4 * error)
    assert abs((a @ b).item()) > 5 * error


def test_products_by_hand() -> None:
    own, true = torch.tensor([[1.0, 2.0], [3.0, 0.0]]), torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    found = GradientBatch(own.sum(0), own).products(GradientBatch(true.sum(0), true))
    assert found.own.tolist() == [[5.0, 3.0], [3.0, 9.0]]
    assert found.cross is not None
    assert found.cross.tolist() == [[1.0, 2.0], [3.0, 0.0]]
    assert found.reference is not None
    assert found.reference.tolist() == [[1.0, 0.0], [0.0, 1.0]]
    assert found.kept == 2
