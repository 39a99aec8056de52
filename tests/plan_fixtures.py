"""A model, a layout and hardware of round numbers for the tests of the plan."""

from rlsd_pipeline.config.hardware import DeviceConfig, HardwareConfig
from rlsd_pipeline.plan.architecture import Architecture
from rlsd_pipeline.plan.layout import Adapter, Layout
from rlsd_pipeline.plan.workload import Pass, Workload

LAYOUT = Layout(
    shards=1,
    weight_bytes=4,
    master_bytes=0,
    compute_bytes=4,
    checkpointing=False,
    lora=None,
    micro_batch_tokens=16,
    scoring_devices=1,
    scoring_bytes=4,
    base_bytes=4,
    engine_copies=1,
    engine_devices=1,
    engine_bytes=4,
    engine_share=None,
    engine_prompts=4,
)

BARE = Architecture(
    name="bare",
    layers=2,
    hidden=4,
    intermediate=8,
    query=4,
    key_value=2,
    normalised_heads=False,
    vocabulary=10,
    layer_parameters=160,
    layer_weights=150,
    language=320,
    embedding=40,
    head=40,
    vision=None,
    linear={"q_proj": 16},
)

ADAPTER = Adapter(8, ("q_proj",))

PLAIN = Pass("student", prompts=2, prompt_tokens=3, image_tokens=0, responses=4, response_tokens=5)

WORK = Workload(PLAIN, (PLAIN,), longest_prompt=8, longest_teacher_prompt=0, longest_response=8)

GIB = 2**30

DEVICE = DeviceConfig(memory_gib=1, teraflops=2, teraflops_float32=1, bandwidth=1)

HARDWARE = HardwareConfig(device=DEVICE, devices_per_node=4, reserved_gib=0.25)
