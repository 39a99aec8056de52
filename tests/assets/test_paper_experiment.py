"""The paper's experiment is that of docs/method.md's table, and nobody starts it by accident."""

import re
from pathlib import Path

import dagster as dg
import huggingface_hub
import pytest
from click.testing import CliRunner

from assets.cli import main
from assets.declared import Declared
from assets.graph import build_definitions
from assets.home import EXPERIMENTS
from assets.partitions import partition_key
from rlsd_pipeline.config.compute import LocalCompute
from rlsd_pipeline.config.experiment import Arm, ExperimentConfig, load_experiment
from rlsd_pipeline.config.update import UpdateConfig
from rlsd_pipeline.plan.planning import make_plan

# learning rate, teacher, what it sees
TABLE = {
    "grpo": (1e-6, None, None),
    "opsd-frozen": (1e-5, {"type": "frozen"}, "solution"),
    "opsd-online": (1e-5, {"type": "live"}, "solution"),
    "sdpo": (1e-5, {"type": "ema", "rate": 0.05}, "sibling"),
    "grpo_opsd": (1e-6, {"type": "frozen"}, "solution"),
    "rlsd": (1e-6, {"type": "synced", "every": 10}, "answer"),
}


@pytest.fixture(scope="module")
def declared() -> ExperimentConfig:
    return load_experiment(EXPERIMENTS / "qwen3_vl_8b" / "defs.yaml")


def _methods(declared: ExperimentConfig) -> dict[str, Arm]:
    return {arm.method: arm for arm in declared.lineages().values()}


def test_arms_of_the_table(declared: ExperimentConfig) -> None:
    methods = _methods(declared)
    assert list(methods) == list(TABLE)
    for name, (rate, teacher, privileged) in TABLE.items():
        arm = methods[name]
        assert arm.update.learning_rate == rate
        if teacher is not None:
            assert arm.weighting.reads_teacher
            assert arm.teacher.model_dump() == teacher
            assert arm.privileged.type == privileged
    assert not methods["grpo"].weighting.reads_teacher
    seeds = {
        name: {a.seed for a in declared.lineages().values() if a.method == name} for name in TABLE
    }
    assert all(found == {0, 1, 2} for found in seeds.values())


def test_what_all_arms_share(declared: ExperimentConfig) -> None:
    sampling = declared.sampling
    assert (sampling.prompts, sampling.group_size, sampling.temperature) == (256, 8, 1.0)
    assert (sampling.max_prompt_tokens, sampling.max_tokens) == (4096, 4096)
    assert declared.iterations == 200
    assert [(part.type, part.weight) for part in declared.reward] == [
        ("accuracy", 0.9),
        ("format", 0.1),
    ]
    for arm in declared.lineages().values():
        update = arm.update
        assert (update.clip_low, update.clip_high, update.dual_clip) == (0.2, 0.28, None)
        assert (update.betas, update.weight_decay) == ((0.9, 0.999), 0.01)
        # SDPO's repository counts the tokens that it does not mask.
        mean = "learnt_token" if arm.method == "sdpo" else "sequence"
        assert (update.max_grad_norm, update.denominator) == (1.0, mean)
        # One optimizer step on the whole table.
        assert (update.epochs, update.prompts_per_step) == (1, None)
    assert _methods(declared)["sdpo"].update.distillation_ratio_clip == 2.0


def test_rlsd_and_the_divergences(declared: ExperimentConfig) -> None:
    methods = _methods(declared)
    rlsd = methods["rlsd"].weighting.model_dump()
    assert {key: rlsd[key] for key in ("mix", "warmup", "decay", "clip", "formula")} == {
        "mix": 0.5,
        "warmup": 0,
        "decay": 50,
        "clip": 0.2,
        "formula": "corrected",
    }
    assert methods["grpo"].advantages.type == "standardised"
    divergence = methods["sdpo"].weighting.stored_divergence
    assert divergence is not None
    assert (divergence.type, divergence.top_k, divergence.support) == ("jsd", 100, "student")


def test_model_data_and_benchmarks(declared: ExperimentConfig) -> None:
    model = declared.model
    assert model.name == "Qwen/Qwen3-VL-8B-Instruct"
    assert (model.min_pixels, model.max_pixels) == (262_144, 1_048_576)
    assert declared.dataset.name == "iieycx/rlsd-train-MMFineReason-123K"
    assert declared.dataset.test_share == 0
    benchmarks = [benchmark.type for benchmark in declared.evaluation.benchmarks]
    assert benchmarks == ["mmmu", "mathvista", "mathvision", "zerobench", "wemath"]


def _without_adapter(update: UpdateConfig) -> dict[str, object]:
    rate = update.learning_rate
    return update.model_dump(exclude={"lora", "learning_rate"}) | {"rate": f"{rate:.0e}"}


def test_one_machine_differs_by_adapters_and_their_learning_rate(
    declared: ExperimentConfig,
) -> None:
    small = load_experiment(EXPERIMENTS / "qwen3_vl_8b_lora" / "defs.yaml")
    assert list(small.lineages()) == list(declared.lineages())
    for ours, papers in zip(small.lineages().values(), declared.lineages().values(), strict=True):
        assert ours.update.lora is not None
        assert ours.update.lora.rank == 64
        tenfold = papers.update.model_copy(
            update={"learning_rate": 10 * papers.update.learning_rate}
        )
        assert _without_adapter(ours.update) == _without_adapter(tenfold)
        assert ours.weighting == papers.weighting
        assert (ours.teacher, ours.privileged) == (papers.teacher, papers.privileged)
    for name in ("dataset", "sampling", "reward", "verifier", "evaluation", "iterations"):
        assert getattr(small, name) == getattr(declared, name)


@pytest.mark.parametrize("name", ["qwen3_vl_8b", "qwen3_vl_8b_lora"])
def test_both_fit_on_their_machines(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    experiment = load_experiment(EXPERIMENTS / name / "defs.yaml")
    assert experiment.hardware is not None
    plan = make_plan(name, experiment, experiment.hardware)
    assert plan.refusals == []
    assert plan.spread.devices == experiment.hardware.devices
    # Without the sharded update they do not fit.
    alone = experiment.model_copy(update={"compute": LocalCompute()})
    refused = make_plan(name, alone, experiment.hardware).refusals
    assert any(text.startswith("update (grpo") for text in refused)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("qwen3_vl_8b", r"needs Ray, which is not installed|there is no Ray cluster"),
        (
            "qwen3_vl_8b_lora",
            r"_lora is declared for 8 H100, each 79 GiB.* this machine has no CUDA device",
        ),
    ],
)
def test_training_is_refused_at_once_without_the_hardware(
    name: str, why: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("torch.cuda.device_count", lambda: 0)
    monkeypatch.setenv("RLSD_HOME", str(tmp_path))
    monkeypatch.delenv("DAGSTER_HOME", raising=False)

    def reached(*_: object, **__: object) -> None:
        raise AssertionError("the hub was asked")

    monkeypatch.setattr("transformers.AutoProcessor.from_pretrained", reached)
    monkeypatch.setattr("datasets.load_dataset", reached)
    ran = CliRunner().invoke(main, ["train", name])
    assert ran.exit_code == 1
    assert re.search(why, ran.output)
    assert not (tmp_path / "artifacts").exists() or not any(
        (tmp_path / "artifacts").rglob("*.json")
    )


def test_sensors_start_nothing_of_an_experiment_that_nobody_started(
    declared: ExperimentConfig,
) -> None:
    short = declared.model_copy(update={"iterations": 2, "arms": declared.arms[:2]})
    definitions = build_definitions("qwen3_vl_8b", short)
    here = Declared("qwen3_vl_8b", short)
    with dg.DagsterInstance.ephemeral() as instance:
        # Even with the data set there, no policy has been materialized by hand.
        event = dg.AssetMaterialization(here.key("problems"))
        instance.report_runless_asset_event(event)
        sensor = definitions.get_repository_def().get_sensor_def("qwen3_vl_8b_advance")

        def requests() -> list[dg.RunRequest]:
            with dg.build_sensor_context(
                instance, repository_def=definitions.get_repository_def()
            ) as context:
                return list(sensor.evaluate_tick(context).run_requests or [])

        assert requests() == []
        started = dg.AssetMaterialization(here.key("policy"), partition=partition_key("grpo-s0", 0))
        instance.report_runless_asset_event(started)
        assert [request.partition_key for request in requests()] == ["grpo-s0"]
