"""Memory of one device by part, against literals."""

from dataclasses import replace

import pytest

from rlsd_pipeline.config.hardware import Processor
from rlsd_pipeline.config.model import PretrainedModel
from rlsd_pipeline.plan import activations
from rlsd_pipeline.plan.architecture import read_architecture
from rlsd_pipeline.plan.layout import LANGUAGE_MODEL, Adapter
from rlsd_pipeline.plan.memory import Demand, phases
from rlsd_pipeline.plan.workload import Pass, Workload
from tests.plan_fixtures import ADAPTER, BARE, GIB, HARDWARE, LAYOUT, WORK

DEMAND = Demand(BARE, teacher=0, work=WORK, longest_image=0)
LOGITS = 6 * 4 * 10 * 16


def _parts(demand: Demand = DEMAND, spread=LAYOUT) -> dict[str, dict[str, int]]:
    found, _ = phases(demand, spread, HARDWARE)
    return {phase.name: phase.parts for phase in found}


def test_one_device_holds_everything() -> None:
    # 400 parameters in four bytes; AdamW has two moments of each.
    assert _parts()["update"] == {
        "weights": 1600,
        "gradients": 1600,
        "optimizer": 3200,
        "activations": 16 * (2 * 288 + 48 + 32),
        "logits": LOGITS,
        "reserved": GIB // 4,
    }
    # A layer keeps two norms of 48 bytes a token, 64 of attention and 128 of the feed-forward; the
    # last norm keeps 48, and the cache has 2 * 2 * 2 * 4.
    assert activations.kept_by_layer(BARE, 4) == 2 * 48 + 64 + 128 == 288


def test_bfloat16_on_one_device_keeps_float32_masters() -> None:
    spread = replace(LAYOUT, weight_bytes=2, compute_bytes=2, master_bytes=4)
    parts = _parts(spread=spread)["update"]
    names = ("weights", "master weights", "gradients", "optimizer")
    assert [parts[name] for name in names] == [800, 1600, 1600, 3200]
    adapted = _parts(spread=replace(spread, lora=ADAPTER))["update"]
    # 400 frozen and 128 trained.
    assert [adapted[name] for name in names] == [1056, 512, 512, 1024]


def test_a_processor_takes_fewer_logits_at_a_time() -> None:
    wide, work = replace(BARE, vocabulary=2**15), replace(WORK, longest_response=4096)
    demand = Demand(wide, 0, work, 0)
    figures = HARDWARE.figures.model_dump()
    own = HARDWARE.model_copy(update={"device": Processor(**figures)})
    accelerated, here = (
        {phase.name: phase.parts for phase in phases(demand, LAYOUT, hardware)[0]}
        for hardware in (HARDWARE, own)
    )
    # One response of more tokens than 512: a GPU takes all of them together.
    assert here["update"]["logits"] == here["scoring"]["logits"] == 6 * 4 * 2**15 * 512
    assert accelerated["update"]["logits"] > 8 * here["update"]["logits"]


def test_sharding_divides_states_and_gathers_layers() -> None:
    spread = replace(LAYOUT, shards=4, compute_bytes=2)
    parts = _parts(spread=spread)["update"]
    assert (parts["weights"], parts["gradients"], parts["optimizer"]) == (400, 400, 800)
    # The 80 parameters outside the layers with two layers of 160 in two bytes, and the gradients of
    # the former in two bytes and, to be summed, in four.
    assert parts["gathered"] == (80 + 2 * 160) * 2 + 80 * (2 + 4)


def test_an_adapter_leaves_the_weights_without_states() -> None:
    spread = replace(LAYOUT, shards=4, compute_bytes=2, lora=ADAPTER)
    parts = _parts(spread=spread)["update"]
    # Rank 8 on 16 inputs and outputs: 128 parameters.
    assert (parts["weights"], parts["gradients"], parts["optimizer"]) == (528, 128, 256)
    assert parts["gathered"] == (80 + 2 * 160) * 2


def test_scoring_holds_student_and_teacher() -> None:
    work = replace(WORK, longest_teacher_prompt=24)
    parts = _parts(Demand(BARE, 1000, work, 0), replace(LAYOUT, scoring_bytes=2))["scoring"]
    assert (parts["weights"], parts["teacher"]) == (800, 2000)
    # One response of 24 + 8 tokens is more than the budget of 16.
    assert parts["activations"] == activations.without_gradients(BARE, 32, 2)


def test_an_engine_that_shares_the_weights() -> None:
    found, engine = phases(DEMAND, LAYOUT, HARDWARE)
    # Two prompts of two responses, each of 16 tokens of 32 bytes.
    assert found[0].parts["keys and values"] == 4 * 16 * 32
    assert (engine.tokens, engine.rows) == (64, 4)
    assert "engine" not in found[1].parts


def test_an_engine_that_keeps_its_share() -> None:
    spread = replace(LAYOUT, engine_share=0.5, engine_devices=2, engine_bytes=2)
    found, engine = phases(DEMAND, spread, HARDWARE)
    sampling, scoring, update = found
    assert sampling.parts["weights"] == 400
    assert sampling.parts["keys and values"] == GIB // 2 - 400
    assert engine.tokens == 2 * (GIB // 2 - 400) // 16
    assert scoring.parts["engine"] == update.parts["engine"] == GIB // 2


def test_qwen3_vl_8b_in_bfloat16_over_32_devices() -> None:
    architecture = read_architecture(PretrainedModel(name="Qwen/Qwen3-VL-8B-Instruct"))
    read = Pass("student", 256, 1000, 600, 2048, 2000)
    work = Workload(read, (read,), 4096, 4112, 4096)
    spread = replace(
        LAYOUT, shards=32, compute_bytes=2, checkpointing=True, micro_batch_tokens=16384
    )
    demand = Demand(architecture, architecture.parameters, work, 1024)
    parts = {phase.name: phase.parts for phase in phases(demand, spread, HARDWARE)[0]}
    update = {name: size / 1e9 for name, size in parts["update"].items()}
    assert update["weights"] == update["gradients"] == pytest.approx(8.767123696 * 4 / 32)
    assert update["optimizer"] == pytest.approx(8.767123696 * 8 / 32)
    # A token: 36 inputs of 8 KiB, one layer of 222 KiB, the last norm, keys and values.
    token = 36 * 8192 + 227_328 + 32_768 + 147_456
    vision = 4 * (27 * 2304 + 2 * (11 * 1152 + 2 * 4304))
    assert update["activations"] == pytest.approx((16_384 * token + 2 * 1024 * vision) / 1e9)
    adapted = replace(spread, lora=Adapter(64, LANGUAGE_MODEL))
    small = {phase.name: phase.parts for phase in phases(demand, adapted, HARDWARE)[0]}["update"]
    assert small["optimizer"] == 2 * 174_587_904 * 4 // 32
