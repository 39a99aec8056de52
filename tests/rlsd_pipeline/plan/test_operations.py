"""Closed forms against what torch counts while the real passes run, and against hand arithmetic."""

from dataclasses import replace

import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from rlsd_pipeline.models.prefix import extend, prefill, spread
from rlsd_pipeline.plan.architecture import count
from rlsd_pipeline.plan.operations import (
    attended,
    decode,
    forward,
    head,
    operations,
    prompts_forward,
    update,
    vision,
)
from rlsd_pipeline.plan.workload import Pass, Workload
from tests.plan_fixtures import ADAPTER, BARE, LAYOUT

PROMPTS, PROMPT, SIDE, GROUP, RESPONSE = 2, 100, 8, 4, 120
READ = Pass("small", PROMPTS, PROMPT, SIDE**2, PROMPTS * GROUP, RESPONSE)


def _counted(model, batch, *, gradients: bool) -> dict[str, int]:
    """FLOP of the shared-prefix pass as torch counts them; attention as plain products."""
    owners = torch.arange(PROMPTS).repeat_interleave(GROUP)
    tokens = torch.randint(0, 900, (PROMPTS * GROUP, RESPONSE))
    with sdpa_kernel(SDPBackend.MATH), torch.set_grad_enabled(gradients):
        with FlopCounterMode(display=False) as prompts:
            prefix = spread(prefill(model, batch), owners)
        with FlopCounterMode(display=False) as rest:
            hidden = extend(model, prefix, tokens, torch.ones_like(tokens), start=0)
            logits = model.get_output_embeddings()(hidden)
            if gradients:
                (logits.sum() + prefix.last_hidden.sum()).backward()
    return {"prompts": prompts.get_total_flops(), "rest": rest.get_total_flops()}


def test_forward_is_what_torch_counts(small_model, image_prompts) -> None:
    model = small_model()
    counted = _counted(model, image_prompts(PROMPTS, PROMPT, SIDE), gradients=False)
    architecture = count(model, "small")
    assert prompts_forward(architecture, READ) == counted["prompts"]
    assert forward(architecture, READ) == counted["prompts"] + counted["rest"]


def test_an_update_is_three_forwards_to_one_per_cent(small_model, image_prompts) -> None:
    model = small_model()
    counted = _counted(model, image_prompts(PROMPTS, PROMPT, SIDE), gradients=True)
    found = update(count(model, "small"), READ, LAYOUT)
    # torch leaves out the gradient of the pixels, which nobody asks for.
    assert sum(counted.values()) == pytest.approx(found, rel=0.01)


def test_by_hand_without_vision() -> None:
    read = Pass("hand", prompts=2, prompt_tokens=3, image_tokens=0, responses=4, response_tokens=5)
    # Two layers: 2 * 150 a token, and 4 * 4 a pair of tokens.
    assert prompts_forward(BARE, read) == 2 * (300 * 6 + 16 * 2 * 9)
    assert head(BARE, read) == 2 * 40 * 20
    responses = 2 * (300 * 20 + 16 * 4 * 5 * 8)
    assert forward(BARE, read) == 2 * (300 * 6 + 16 * 18) + responses + 1600
    # Each response attends to its 3 prompt tokens 5 times, and to half of its own square.
    assert attended(read) == 4 * (15 + 12.5)
    assert decode(BARE, read) == 2 * (300 * 20 + 16 * 110) + 1600
    assert vision(BARE, read) == 0


def test_what_an_update_computes_again_or_leaves_out() -> None:
    read = Pass("hand", prompts=2, prompt_tokens=3, image_tokens=0, responses=4, response_tokens=5)
    top = head(BARE, read)
    layers = forward(BARE, read) - top
    assert update(BARE, read, LAYOUT) == 3 * layers + 3 * top
    assert update(BARE, read, replace(LAYOUT, checkpointing=True)) == 4 * layers + 3 * top
    assert update(BARE, read, replace(LAYOUT, lora=ADAPTER)) == 2 * layers + 2 * top


def test_a_frozen_vision_tower_is_run_and_not_trained(small_model) -> None:
    architecture = count(small_model(), "small")
    sight, top = vision(architecture, READ), head(architecture, READ)
    layers = forward(architecture, READ) - sight - top
    adapted = replace(LAYOUT, lora=ADAPTER, checkpointing=True)
    assert update(architecture, READ, adapted) == sight + 3 * layers + 2 * top


def test_an_iteration_has_every_pass() -> None:
    plain = Pass("student", 2, 3, 0, 4, 5)
    shown = replace(plain, name="teacher", prompt_tokens=4)
    work = Workload(plain, (plain, shown), 8, 8, 8)
    larger = replace(BARE, layers=4)
    found = operations(BARE, larger, work, LAYOUT, epochs=2)
    assert found.prefill == prompts_forward(BARE, plain)
    assert found.decode == decode(BARE, plain)
    assert found.scoring == {"student": forward(BARE, plain), "teacher": forward(larger, shown)}
    assert found.update == 2 * update(BARE, plain, LAYOUT)
