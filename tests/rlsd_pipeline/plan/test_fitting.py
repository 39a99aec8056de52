"""What does not fit is refused with what would."""

from dataclasses import replace

from rlsd_pipeline.config.hardware import DeviceConfig, HardwareConfig
from rlsd_pipeline.config.model import PretrainedModel
from rlsd_pipeline.plan.architecture import read_architecture
from rlsd_pipeline.plan.fitting import Misfit, find_misfits
from rlsd_pipeline.plan.layout import Layout
from rlsd_pipeline.plan.memory import GIB, Demand, phases
from rlsd_pipeline.plan.workload import Pass, Workload
from tests.plan_fixtures import BARE, HARDWARE, LAYOUT, WORK

READ = Pass("student", 256, 1000, 600, 2048, 2000)
LONG = Workload(READ, (READ,), 4096, 4112, 4096)
EIGHT = HardwareConfig(device="H100", devices_per_node=8)
SPREAD = replace(
    LAYOUT,
    shards=8,
    compute_bytes=2,
    scoring_bytes=2,
    engine_bytes=2,
    checkpointing=True,
    micro_batch_tokens=16384,
    engine_share=0.25,
)


def _demand() -> Demand:
    architecture = read_architecture(PretrainedModel(name="Qwen/Qwen3-VL-8B-Instruct"))
    return Demand(architecture, architecture.parameters, LONG, 1024)


def _misfits(spread: Layout, hardware: HardwareConfig = EIGHT) -> dict[str, Misfit]:
    return {found.phase: found for found in find_misfits(_demand(), spread, hardware)}


def test_what_fits_is_not_refused() -> None:
    assert find_misfits(Demand(BARE, 0, WORK, 0), LAYOUT, HARDWARE) == []
    assert _misfits(SPREAD) == {}


def test_activations_of_a_large_micro_batch() -> None:
    misfit = _misfits(replace(SPREAD, checkpointing=False, micro_batch_tokens=2**16))["update"]
    (together,) = misfit.remedies
    assert "activation_checkpointing: true" in together
    text = misfit.of(["grpo", "rlsd"])
    assert text.startswith("update (grpo, rlsd) takes ")
    assert "of a device that has 79.0" in text


def test_each_remedy_alone_makes_it_fit() -> None:
    spread = replace(SPREAD, micro_batch_tokens=2**17)
    misfit = _misfits(spread)["update"]
    assert misfit.needed > misfit.available
    assert "update.micro_batch_tokens: 8192 (the longest response alone)" in misfit.remedies
    smaller, _ = phases(_demand(), replace(spread, micro_batch_tokens=8192), EIGHT)
    assert smaller[2].total <= misfit.available


def test_states_that_only_more_devices_or_an_adapter_hold() -> None:
    """One device with everything in float32: 131 GiB of weights and states alone."""
    alone = replace(SPREAD, shards=1, compute_bytes=2)
    misfit = _misfits(alone, HardwareConfig(device="H100"))["update"]
    assert misfit.needed > 130 * GIB
    assert misfit.remedies == (
        "update.lora: {rank: 64}",
        "8 devices, over which FSDP2 divides the update",
    )
    enough, _ = phases(_demand(), replace(alone, shards=8), HardwareConfig(device="H100"))
    few, _ = phases(_demand(), replace(alone, shards=4), HardwareConfig(device="H100"))
    assert enough[2].total <= misfit.available < few[2].total


def test_several_changes_where_none_alone_is_enough() -> None:
    device = DeviceConfig(memory_gib=40, teraflops=1, teraflops_float32=1, bandwidth=1)
    small = HardwareConfig(device=device, devices_per_node=1)
    spread = replace(
        SPREAD, shards=1, checkpointing=False, compute_bytes=4, weight_bytes=4, engine_share=None
    )
    misfit = _misfits(spread, small)["update"]
    (together,) = misfit.remedies
    assert " and " in together


def test_scoring_in_float32_is_told_of_bfloat16() -> None:
    misfit = _misfits(replace(SPREAD, scoring_bytes=4))["scoring"]
    assert "bfloat16 in place of float32" in misfit.remedies


def test_an_engine_too_small_for_its_weights_is_divided() -> None:
    whole = replace(SPREAD, engine_bytes=4, engine_share=None, engine_prompts=1)
    misfit = _misfits(whole, HardwareConfig(device="L40S", devices_per_node=8))["sampling"]
    assert misfit.remedies[0] == "an engine over 2 devices (tensor_parallel_size)"


def test_nothing_helps_on_a_device_without_memory() -> None:
    device = DeviceConfig(memory_gib=0.5, teraflops=1, teraflops_float32=1, bandwidth=1)
    misfit = _misfits(SPREAD, HardwareConfig(device=device))["scoring"]
    assert misfit.remedies == ()
    assert "use larger devices" in misfit.of(["rlsd"])
