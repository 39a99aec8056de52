import torch
from torch import nn

from rlsd_pipeline.models.master_weights import MasterWeights


def linear() -> nn.Linear:
    layer = nn.Linear(2, 1, bias=False, dtype=torch.bfloat16)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[1.0, -2.0]]))
    return layer


def test_steps_that_bfloat16_would_round_away_add_up() -> None:
    layer = linear()
    masters = MasterWeights(layer, {"weight": torch.tensor([[1.0, -2.0]])})
    optimizer = torch.optim.SGD(masters.parameters.values(), lr=1e-3)
    for _ in range(10):
        optimizer.zero_grad()
        layer(torch.tensor([[1.0, 0.5]], dtype=torch.bfloat16)).sum().backward()
        optimizer.step()
        masters.publish()
    # Ten times 1e-3 from 1, and 5e-4 from -2; bfloat16 has steps of 2⁻⁸ below 1, 2⁻⁷ above it
    # and 2⁻⁶ beyond 2.
    torch.testing.assert_close(masters.parameters["weight"], torch.tensor([[0.99, -2.005]]))
    assert layer.weight.tolist() == [[0.98828125, -2.0]]


def test_gradients_are_added_in_float32_and_kept_once() -> None:
    layer = linear()
    masters = MasterWeights(layer, {"weight": torch.tensor([[1.0, -2.0]])})
    for size in (256.0, 1.0, 1.0):
        layer(torch.tensor([[size, 0.0]], dtype=torch.bfloat16)).sum().backward()
        assert layer.weight.grad is None
    # In bfloat16, 256 + 1 is 256.
    gradient = masters.parameters["weight"].grad
    assert gradient is not None
    assert gradient.dtype == torch.float32
    assert gradient.tolist() == [[258.0, 0.0]]


def test_the_model_computes_with_the_rounded_weights() -> None:
    layer = linear()
    MasterWeights(layer, {"weight": torch.tensor([[1.001, -2.0]])})
    assert layer.weight.tolist() == [[1.0, -2.0]]


def test_only_what_requires_gradients_is_trained_and_a_released_model_keeps_its_own() -> None:
    model = nn.Sequential(linear(), nn.Linear(1, 1, dtype=torch.bfloat16))
    model[1].requires_grad_(False)
    masters = MasterWeights(model, {"0.weight": torch.zeros(1, 2)})
    assert list(masters.parameters) == ["0.weight"]
    masters.release()
    model(torch.ones(1, 2, dtype=torch.bfloat16)).sum().backward()
    assert masters.parameters["0.weight"].grad is None
    assert model[0].weight.grad is not None
