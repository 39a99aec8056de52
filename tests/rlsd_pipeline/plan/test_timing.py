"""Seconds of each stage by hand."""

from dataclasses import replace

import pytest

from rlsd_pipeline.config.hardware import AssumptionsConfig
from rlsd_pipeline.plan.memory import Engine
from rlsd_pipeline.plan.operations import Operations
from rlsd_pipeline.plan.timing import Setting, sampling_seconds, stage_seconds
from tests.plan_fixtures import BARE, DEVICE, LAYOUT, PLAIN, WORK

ASSUMED = AssumptionsConfig(
    training_mfu=0.25, prefill_mfu=0.5, decode_bandwidth=0.5, storage_gb_per_second=2.0
)
ROOM = Engine(cache_bytes=0, tokens=1000, rows=100)


def _setting(**changes) -> Setting:
    return Setting(BARE, replace(LAYOUT, **changes), ROOM, DEVICE, ASSUMED)


def test_operations_by_the_share_of_the_peak() -> None:
    needed = Operations(
        prefill=0, decode=0, scoring={"student": 1e12, "teacher": 2e12}, update=3e12
    )
    found = stage_seconds(_setting(), WORK, needed, written=4e9)
    assert found["scoring: student"] == pytest.approx(2.0)
    assert found["scoring: teacher"] == pytest.approx(4.0)
    assert found["update"] == pytest.approx(12.0)
    assert found["writing"] == pytest.approx(2.0)


def test_devices_and_precision_of_each_stage() -> None:
    needed = Operations(prefill=0, decode=0, scoring={"student": 1e12}, update=3e12)
    setting = _setting(shards=4, compute_bytes=2, scoring_devices=2)
    found = stage_seconds(setting, WORK, needed, written=0)
    # Scoring on two devices in float32, the update on four in bfloat16, twice as fast.
    assert found["scoring: student"] == pytest.approx(1.0)
    assert found["update"] == pytest.approx(1.5)


def test_decoding_reads_weights_every_step_and_the_cache_of_every_response() -> None:
    # 8 steps of the longest response read 400 parameters of 4 bytes; 4 responses attend to
    # 5 * 3 + 12.5 tokens each, whose keys and values have 32 bytes.
    read = 8 * 1600 + 4 * 27.5 * 32
    setting = _setting()
    found = sampling_seconds(setting, PLAIN, longest=8)
    prefill = (2 * (300 * 6 + 16 * 18)) / (1e12 * 0.5)
    assert found == pytest.approx(read / (0.5e9) + prefill)


def test_copies_share_the_responses_and_devices_a_copy() -> None:
    read = 8 * 1600 + 2 * 27.5 * 32
    two = sampling_seconds(_setting(engine_copies=2), PLAIN, longest=8)
    assert two == pytest.approx(read / 0.5e9, rel=1e-3)
    wide = sampling_seconds(_setting(engine_devices=2), PLAIN, longest=8)
    assert wide == pytest.approx((8 * 1600 + 4 * 27.5 * 32) / 1e9, rel=1e-3)


def test_responses_that_do_not_fit_come_in_waves() -> None:
    # Room for two responses of 3 + 5 tokens: four come in two waves.
    setting = Setting(BARE, LAYOUT, Engine(0, 16, 1), DEVICE, ASSUMED)
    read = (5 + 8) * 1600 + 4 * 27.5 * 32
    assert sampling_seconds(setting, PLAIN, longest=8) == pytest.approx(read / 0.5e9, rel=1e-3)


def test_many_responses_are_bound_by_operations() -> None:
    crowd = replace(PLAIN, responses=4_000_000)
    setting = Setting(BARE, LAYOUT, Engine(0, 10**9, 1), DEVICE, ASSUMED)
    found = sampling_seconds(setting, crowd, longest=5)
    fast = Setting(
        BARE, LAYOUT, Engine(0, 10**9, 1), DEVICE.model_copy(update={"bandwidth": 1e9}), ASSUMED
    )
    by_operations = sampling_seconds(fast, crowd, longest=5)
    # 1e6 prompts' worth of products: the memory of the first device is the slower of the two.
    assert by_operations < found
    assert by_operations == pytest.approx(
        4_000_000 * (2 * (300 * 5 + 16 * 27.5) + 400) / 0.5e12, rel=1e-3
    )
