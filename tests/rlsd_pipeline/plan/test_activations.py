"""What a pass is said to hold against what autograd keeps and what a process really takes."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from rlsd_pipeline.models.prefix import PromptBatch, extend, prefill
from rlsd_pipeline.plan import activations
from rlsd_pipeline.plan.architecture import count

PROMPTS, PROMPT, SIDE, RESPONSE = 2, 100, 8, 120
TOKENS, IMAGE_TOKENS = PROMPTS * (PROMPT + RESPONSE), PROMPTS * SIDE**2
BYTES = {torch.float32: 4, torch.bfloat16: 2}


def _kept(model, batch: PromptBatch) -> int:
    """Bytes of all storages, weights aside, that autograd saves in one shared-prefix pass."""
    weights = {p.untyped_storage().data_ptr() for p in model.parameters()}
    kept: dict[int, torch.UntypedStorage] = {}

    def pack(value: torch.Tensor) -> torch.Tensor:
        storage = value.untyped_storage()
        if storage.data_ptr() not in weights:
            # Held, so that no other storage takes its address.
            kept[storage.data_ptr()] = storage
        return value

    tokens = torch.randint(0, 900, (PROMPTS, RESPONSE))
    mask = torch.ones_like(tokens)
    mask[0, -5:] = 0
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda value: value):
        extend(model, prefill(model, batch), tokens, mask, start=0)
    return sum(storage.nbytes() for storage in kept.values())


@pytest.mark.parametrize("dtype", BYTES)
def test_a_layer_keeps_what_is_counted_to_ten_per_cent(
    small_model, image_prompts: Callable[..., PromptBatch], dtype: torch.dtype
) -> None:
    def kept(layers: int, depth: int) -> int:
        batch = image_prompts(PROMPTS, PROMPT, SIDE, padded=3, dtype=dtype)
        return _kept(small_model(layers=layers, depth=depth, dtype=dtype), batch)

    architecture, base = count(small_model(dtype=dtype), "small"), kept(4, 3)
    assert architecture.vision is not None
    layer = (kept(8, 3) - base) / 4 / TOKENS
    expected = activations.kept_by_layer(architecture, BYTES[dtype])
    # The keys and values of a prompt are kept by its own pass and by its responses'.
    assert 1.0 <= layer / expected < 1.1
    block = (kept(4, 7) - base) / 4 / (IMAGE_TOKENS * 4)
    assert block == pytest.approx(
        activations.kept_by_block(architecture.vision, BYTES[dtype]), rel=0.01
    )


@pytest.mark.parametrize("dtype", BYTES)
def test_a_whole_pass_keeps_what_is_counted_to_fifteen_per_cent(
    small_model, image_prompts: Callable[..., PromptBatch], dtype: torch.dtype
) -> None:
    model = small_model(layers=12, depth=6, dtype=dtype)
    architecture = count(model, "small")
    kept = _kept(model, image_prompts(PROMPTS, PROMPT, SIDE, padded=3, dtype=dtype))
    cache = TOKENS * architecture.cache_bytes(BYTES[dtype])
    estimate = activations.with_gradients(
        architecture,
        TOKENS,
        IMAGE_TOKENS,
        value_bytes=BYTES[dtype],
        checkpointing=False,
        trains_vision=True,
    )
    assert 0.85 < estimate / (kept + cache) < 1.05


PEAK = """
import sys
sys.path.insert(0, {here!r})
import torch
from conftest import build, prompts
from rlsd_pipeline.models.prefix import extend, prefill

def field(name):
    lines = open("/proc/self/status").read().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) * 1024

torch.set_num_threads(1)
model = build(layers=12, depth=6)
batch = prompts(16, 200, 8, padded=3)
tokens = torch.randint(0, 900, (16, 300))
mask = torch.ones_like(tokens)
mask[0, -5:] = 0
with torch.no_grad():
    extend(model, prefill(model, prompts(1, 80, 8)), tokens[:1, :4], mask[1:2, :4], start=0)
before = field("VmRSS")
hidden = extend(model, prefill(model, batch), tokens, mask, start=0)
print(field("VmHWM") - before)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads Linux's /proc")
def test_a_process_takes_what_is_counted_to_a_quarter(small_model) -> None:
    here = str(Path(__file__).parent)
    ran = subprocess.run(
        [sys.executable, "-c", PEAK.format(here=here)], capture_output=True, text=True, check=True
    )
    measured = int(ran.stdout)
    estimate = activations.with_gradients(
        count(small_model(layers=12, depth=6), "small"),
        16 * 500,
        16 * 64,
        value_bytes=4,
        checkpointing=False,
        trains_vision=True,
    )
    assert 0.75 < estimate / measured < 1.25


def test_checkpointing_keeps_inputs_and_one_layer(small_model) -> None:
    architecture = count(small_model(), "small")
    assert architecture.vision is not None
    found = activations.with_gradients(
        architecture, 10, 3, value_bytes=2, checkpointing=True, trains_vision=True
    )
    # Four layers with inputs of 256 in two bytes; keys and values of 128 in four layers.
    layer = 2 * (4 + 4) * 256 + (4 + 2) * (256 + 128) + 4 * 2 * 256 + 4 * 2 * 768
    language = 10 * (4 * 512 + layer + (4 + 4) * 256 + 2 * 4 * 128 * 2)
    block = 2 * (11 * 128 + 2 * 512)
    assert found == language + 3 * 4 * (3 * 256 + block)
    frozen = activations.with_gradients(
        architecture, 10, 3, value_bytes=2, checkpointing=True, trains_vision=False
    )
    assert frozen == language


def test_a_pass_without_gradients_holds_a_layer_and_the_cache(small_model) -> None:
    architecture = count(small_model(), "small")
    layer = (2 * 2 + 4) * 256 + 3 * 2 * 768
    found = activations.without_gradients(architecture, 10, value_bytes=2)
    assert found == 10 * (layer + 2 * 4 * 128 * 2)


def test_logits_come_some_at_a_time() -> None:
    # As many tokens as 2**28 logits allow, but 512; of six float32 copies.
    assert activations.logits(2**18, 10_000, 2**28) == 6 * 4 * 2**28
    assert activations.logits(2**20, 10_000, 2**28) == 6 * 4 * 512 * 2**20
    assert activations.logits(10, 16, 2**28) == 6 * 4 * 10 * 16
    assert activations.logits(2**10, 10_000, 2**21) == 6 * 4 * 2**21
