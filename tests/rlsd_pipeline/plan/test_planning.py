"""The plan of a whole experiment, and the refusals that follow from it."""

import time

import pytest

from rlsd_pipeline.config.experiment import ExperimentConfig
from rlsd_pipeline.config.hardware import DEVICES, DeviceConfig, HardwareConfig
from rlsd_pipeline.errors import ConfigError
from rlsd_pipeline.plan.machine import describe, this_machine
from rlsd_pipeline.plan.planning import Plan, make_plan
from rlsd_pipeline.plan.refusal import require_hardware

FEW = {"train_questions": 10, "test_questions": 10}
ARMS = [
    {"weighting": {"type": "grpo"}, "seeds": [0, 1]},
    {"weighting": {"type": "rlsd"}, "seeds": [0]},
    {"weighting": {"type": "rlsd"}, "name": "online", "teacher": {"type": "live"}},
    {"weighting": {"type": "sdpo"}, "teacher": {"type": "ema"}},
    {
        "weighting": {"type": "opd"},
        "teacher": {"type": "model", "model": {"type": "tiny_qwen3_vl", "layers": 6}},
    },
]


def _experiment(**changes) -> ExperimentConfig:
    declared = {
        "dataset": {"type": "easy_vqa", **FEW},
        "sampling": {"prompts": 4, "group_size": 8, "max_prompt_tokens": 64, "max_tokens": 32},
        "arms": ARMS,
        "iterations": 10,
        "evaluation": {
            "every": 4,
            "benchmarks": [{"type": "heldout", "samples": 3, "temperature": 1.0}],
        },
    }
    return ExperimentConfig.model_validate(declared | changes)


def _plan(hardware: HardwareConfig | None = None, **changes) -> Plan:
    return make_plan("small", _experiment(**changes), hardware or HardwareConfig(device="L4"))


def test_every_method_with_its_seeds_and_passes() -> None:
    plan = _plan()
    seeds = {method.method: method.seeds for method in plan.methods}
    assert seeds == {"grpo": 2, "rlsd": 1, "online": 1, "sdpo": 1, "opd": 1}
    passes = {
        method.method: {read.name: read.prompts for read in method.work.scoring}
        for method in plan.methods
    }
    assert passes == {
        "grpo": {"student": 4},
        # Teachers with other weights are asked twice.
        "rlsd": {"student": 4, "teacher": 4, "teacher, plain": 4},
        "online": {"student": 4, "teacher": 4},
        # A group has two siblings at most.
        "sdpo": {"student": 4, "teacher": 8, "teacher, plain": 4},
        "opd": {"student": 4, "teacher": 4},
    }


@pytest.mark.parametrize(
    ("declared", "states"),
    [
        ({"places": "all"}, 32 * 32),
        # Of 32 tokens, one step ends after 25.
        ({"places": "steps"}, 32 * 2),
        ({"places": {"per_response": 3}}, 32 * 3),
        ({"places": "all", "max_states": 50}, 50),
    ],
)
def test_measured_credit_is_counted(declared: dict, states: int) -> None:
    arms = [{"weighting": {"type": name}} for name in ("grpo", "vine")]
    grpo, vine = _plan(arms=arms, token_values={"continuations": 4} | declared).methods
    assert grpo.work.values is None
    assert "values" not in grpo.seconds
    values = vine.work.values
    assert values is not None
    assert (values.prompts, values.responses) == (states, 4 * states)
    # From the middle of a response to its end.
    assert (values.prompt_tokens, values.response_tokens) == (64 + 16, 16)
    assert vine.operations.values > 0
    assert vine.seconds["values"] > 0


def test_another_teacher_is_counted_with_its_own_layers() -> None:
    by_name = {method.method: method for method in _plan().methods}
    opd = by_name["opd"].operations.scoring
    assert opd["teacher"] > 2 * opd["student"]
    held = {phase.name: phase.parts for phase in by_name["opd"].phases}["scoring"]
    assert held["teacher"] > 1.5 * held["weights"]


def test_totals_are_sums_over_seeds() -> None:
    plan = _plan()
    assert plan.evaluations == 4  # 0, 4, 8 and 10 updates.
    assert plan.evaluation.responses == {"heldout": 30}
    expected = sum(
        method.seeds * (10 * sum(method.seconds.values()) + 4 * plan.evaluation.seconds)
        for method in plan.methods
    )
    assert plan.seconds == pytest.approx(expected)
    base = plan.architecture.parameters * 4
    assert plan.everything == base + sum(m.seeds * m.disk.everything for m in plan.methods)
    assert plan.refusals == []


def test_expected_lengths_decide_work_and_not_memory() -> None:
    longest = _plan()
    expected = _plan(assumptions={"prompt_tokens": 32, "response_tokens": 16})
    assert expected.phases == longest.phases
    assert expected.methods[0].operations.update < 0.6 * longest.methods[0].operations.update


def test_an_image_leaves_room_for_the_question() -> None:
    with pytest.raises(ValueError, match="leave no room for the question"):
        _experiment(assumptions={"prompt_tokens": 10, "image_tokens": 10})


def test_misfits_of_several_methods_are_one_refusal() -> None:
    device = DeviceConfig(memory_gib=1.4, teraflops=1, teraflops_float32=1, bandwidth=1)
    hardware = HardwareConfig(device=device, reserved_gib=1.0)
    plan = _plan(hardware, update={"micro_batch_tokens": 2**15})
    (refused,) = [text for text in plan.refusals if text.startswith("update")]
    assert refused.startswith("update (grpo, rlsd, online, sdpo, opd) takes ")
    assert "update.micro_batch_tokens: 96 (the longest response alone)" in refused


def test_a_disk_that_is_too_small_is_refused() -> None:
    plan = _plan(HardwareConfig(device="L4", disk_gb=0.001))
    (refused,) = plan.refusals
    assert "even with garbage collection" in refused
    assert "evaluation.every" in refused


def test_without_declared_hardware_nothing_is_refused() -> None:
    require_hardware("small", _experiment())


@pytest.fixture
def _no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.device_count", lambda: 0)


@pytest.mark.usefixtures("_no_gpu")
def test_another_machine_than_the_declared_is_refused() -> None:
    with pytest.raises(ConfigError) as refused:
        require_hardware("small", _experiment(hardware={"device": "L4", "devices_per_node": 2}))
    assert "small is declared for 2 L4, each 22 GiB" in str(refused.value)
    assert "this machine has no CUDA device" in str(refused.value)


def test_the_declared_machine_is_let_through(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    require_hardware("small", _experiment(hardware={"device": "L4", "devices_per_node": 2}))


def test_what_does_not_fit_is_refused_before_the_machine_is_looked_at() -> None:
    device = {"memory_gib": 0.1, "teraflops": 1, "teraflops_float32": 1, "bandwidth": 1}
    with pytest.raises(ConfigError, match="small does not fit on 1 device"):
        require_hardware("small", _experiment(hardware={"device": device}))


def test_this_machine_is_measured_in_a_moment() -> None:
    started = time.perf_counter()
    found = this_machine()
    assert time.perf_counter() - started < 20
    assert found.figures.memory_gib > 0.5
    assert 1e-3 < found.figures.teraflops_float32 < 1e4
    assert 0.1 < found.figures.bandwidth < 1e5
    assert describe(found).startswith(f"{found.devices_per_node} ")


def test_the_table_of_devices_is_ordered_by_what_they_do() -> None:
    """A slip of a digit would show: newer generations are faster in every respect."""
    for newer, older in [("B200", "H200"), ("H200", "A100-80GB"), ("A100-80GB", "L4")]:
        new, old = DEVICES[newer], DEVICES[older]
        assert new.memory_gib > old.memory_gib
        assert new.teraflops > old.teraflops
        assert new.bandwidth > old.bandwidth
