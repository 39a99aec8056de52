"""What Dagster sees of the shipped experiments."""

import shutil
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml
from dagster.components.testing.utils import create_defs_folder_sandbox

from assets.component import Experiment
from assets.definitions import defs
from assets.graph import build_definitions
from assets.home import EXPERIMENTS
from rlsd_pipeline.config.experiment import ExperimentConfig, load_experiment
from rlsd_pipeline.errors import ConfigError
from rlsd_pipeline.evaluation.published import PUBLISHED

SHIPPED = sorted(path.parent.name for path in EXPERIMENTS.glob("*/defs.yaml"))

DECLARED = load_experiment(EXPERIMENTS / "easy_vqa" / "defs.yaml").iterations
UPDATES = 2 * DECLARED  # Two arms.
POLICIES = 2 * (DECLARED + 1)

EASY_VQA = {
    # key: partitions, what it depends on
    "easy_vqa/problems": (None, []),
    "easy_vqa/policy": (POLICIES, []),
    "easy_vqa/rollouts": (UPDATES, ["policy", "problems"]),
    "easy_vqa/rewards": (UPDATES, ["problems", "rollouts"]),
    "easy_vqa/logprobs": (UPDATES, ["policy", "problems", "rewards", "rollouts"]),
    "easy_vqa/token_weights": (UPDATES, ["logprobs", "rewards", "rollouts"]),
    "easy_vqa/policy_checkpoint": (
        UPDATES,
        ["logprobs", "policy", "problems", "rollouts", "token_weights"],
    ),
    "easy_vqa/token_values": (UPDATES, ["policy", "problems", "rewards", "rollouts"]),
    "easy_vqa/compared_columns": (UPDATES, ["policy", "problems", "rewards", "rollouts"]),
    "easy_vqa/weighting_comparison": (
        UPDATES,
        ["compared_columns", "logprobs", "rewards", "rollouts", "token_values"],
    ),
    "easy_vqa/gradient_comparison": (
        UPDATES,
        ["policy", "problems", "rewards", "rollouts", "token_values"],
    ),
    "easy_vqa/information_gap": (UPDATES, ["policy", "problems", "rewards", "rollouts"]),
    "easy_vqa/lookahead": (UPDATES, ["policy", "problems", "rewards", "rollouts"]),
    "easy_vqa/benchmark_scores/greedy": (POLICIES, ["policy", "problems"]),
    "easy_vqa/benchmark_scores/sampled": (POLICIES, ["policy", "problems"]),
    "easy_vqa/results": (None, ["benchmark_scores/greedy", "benchmark_scores/sampled"]),
}

CHECKS = {
    "easy_vqa/problems:gold_answers_verify",
    "easy_vqa/rewards:judged",
    "easy_vqa/logprobs:aligned",
    "easy_vqa/token_weights:sign_never_flips",
    "easy_vqa/policy_checkpoint:finite",
}


@pytest.fixture(scope="module")
def shipped() -> dg.Definitions:
    return defs()


def test_every_shipped_experiment_loads(shipped: dg.Definitions) -> None:
    dg.Definitions.validate_loadable(shipped)
    keys = shipped.resolve_asset_graph().get_all_asset_keys()
    assert SHIPPED != []
    assert sorted({key.path[0] for key in keys}) == SHIPPED


def test_the_graph_of_easy_vqa(shipped: dg.Definitions) -> None:
    graph = shipped.resolve_asset_graph()
    found = {}
    for key in graph.get_all_asset_keys():
        node = graph.get(key)
        parents = sorted("/".join(parent.path[1:]) for parent in node.parent_keys)
        partitions = node.partitions_def
        count = None if partitions is None else len(partitions.get_partition_keys())
        if key.path[0] == "easy_vqa":
            found[key.to_user_string()] = (count, parents)
    assert found == EASY_VQA


def test_the_reproduction_declares_every_method_of_the_paper() -> None:
    declared = load_experiment(EXPERIMENTS / "reproduction" / "defs.yaml")
    arms = declared.lineages().values()
    assert {arm.weighting.type for arm in arms} >= set(PUBLISHED) - {"base"}
    methods = {arm.method for arm in arms}
    assert {"opsd-frozen", "opsd-online"} <= methods
    assert declared.compared_with == "grpo"
    seeds = {m: {arm.seed for arm in arms if arm.method == m} for m in methods}
    assert seeds == {method: set(range(10)) for method in methods}
    # Each seed has a warm start of its own, so that seeds are independent.
    assert {seed: declared.model.of_seed(seed).seed for seed in range(10)} == {
        seed: seed for seed in range(10)
    }


def test_learning_rates_are_tuned_on_seeds_that_the_reproduction_does_not_report() -> None:
    tuned = load_experiment(EXPERIMENTS / "reproduction_rates" / "defs.yaml")
    reported = load_experiment(EXPERIMENTS / "reproduction" / "defs.yaml")
    seeds = {arm.seed for arm in reported.lineages().values()}
    assert seeds.isdisjoint(arm.seed for arm in tuned.lineages().values())
    starts = {reported.model.of_seed(seed).seed for seed in seeds}
    tried = {tuned.model.of_seed(arm.seed).seed for arm in tuned.lineages().values()}
    assert starts.isdisjoint(tried)
    same = ("dataset", "model", "prompts", "sampling", "teacher", "privileged", "verifier")
    assert [getattr(tuned, name) for name in same] == [getattr(reported, name) for name in same]


def test_the_sensitivity_is_a_whole_grid_without_decay() -> None:
    declared = load_experiment(EXPERIMENTS / "easy_vqa_sensitivity" / "defs.yaml")
    cells = {name: arms[0].weighting for name, arms in declared.methods().items() if name != "grpo"}
    found = {name: (of.mix, of.clip, of.decay) for name, of in cells.items()}
    assert found == {
        f"rlsd-l{mix}-e{clip}": (int(mix) / 100, int(clip) / 100, None)
        for mix in ("025", "050", "075", "100")
        for clip in ("010", "020", "050", "100")
    }
    arms = declared.lineages().values()
    assert {arm.method: [one.seed for one in arms if one.method == arm.method] for arm in arms} == {
        method: [0, 1, 2, 3] for method in ("grpo", *cells)
    }
    assert [declared.model.of_seed(seed).seed for seed in range(4)] == [0, 1, 2, 3]


def test_checks_stop_what_follows_but_the_one_that_tells_who_is_behind(
    shipped: dg.Definitions,
) -> None:
    graph = shipped.resolve_asset_graph()
    checks = {key for key in graph.asset_check_keys if key.asset_key.path[0] == "easy_vqa"}
    names = {key.to_user_string() for key in checks}
    assert names == CHECKS | {"easy_vqa/policy:in_step"}
    assert {key.to_user_string() for key in checks if graph.get(key).blocking} == CHECKS


def test_partitions_are_arms_by_iterations(shipped: dg.Definitions) -> None:
    graph = shipped.resolve_asset_graph()
    policy, rollouts = (
        graph.get(dg.AssetKey(["easy_vqa", name])).partitions_def for name in ("policy", "rollouts")
    )
    keys = rollouts.get_partition_keys()
    assert keys[:2] == ["grpo-s0|000", "grpo-s0|001"]
    assert keys[-1] == f"rlsd-s0|{DECLARED - 1:03d}"
    # The weights after the last update are a policy, and nothing is sampled from them.
    assert set(policy.get_partition_keys()) - set(keys) == {
        f"{arm}-s0|{DECLARED:03d}" for arm in ("grpo", "rlsd")
    }


def test_sensors_and_schedules(shipped: dg.Definitions) -> None:
    repository = shipped.get_repository_def()
    sensors = {sensor.name: sensor for sensor in repository.sensor_defs}
    # Opening the UI starts nothing.
    running = {"fail_dead_runs"}
    stopped = {f"{name}_{does}" for name in SHIPPED for does in ("advance", "evaluate_checkpoints")}
    assert set(sensors) == running | stopped
    assert all(
        (sensor.default_status is dg.DefaultSensorStatus.RUNNING) == (name in running)
        for name, sensor in sensors.items()
    )
    schedules = {schedule.name: schedule for schedule in repository.schedule_defs}
    assert set(schedules) == {f"{name}_evaluate_newest" for name in SHIPPED}
    nightly = schedules["easy_vqa_evaluate_newest"]
    assert nightly.cron_schedule == "0 3 * * *"
    assert nightly.default_status is dg.DefaultScheduleStatus.STOPPED


def test_only_stages_of_an_iteration_start_by_themselves(shipped: dg.Definitions) -> None:
    graph = shipped.resolve_asset_graph()
    # Conditions would write down every partition of every asset whenever something changes.
    assert all(graph.get(key).automation_condition is None for key in graph.get_all_asset_keys())
    job = shipped.resolve_job_def("easy_vqa_iteration")
    started = {key.path[-1] for key in job.asset_layer.executable_asset_keys}
    assert started == {"rollouts", "rewards", "logprobs", "token_weights", "policy_checkpoint"}


def _versions(experiment: ExperimentConfig) -> dict[str, str]:
    graph = build_definitions("small", experiment).resolve_asset_graph()
    return {key.path[1]: graph.get(key).code_version for key in graph.get_all_asset_keys()}


@pytest.mark.parametrize(
    ("change", "changed"),
    [
        ({"sampling": {"prompts": 2}}, {"rollouts"}),
        # Where the answer stands decides what is reasoning, so credit depends on the verifier too.
        (
            {"verifier": {"type": "math"}},
            {
                "problems",
                "rewards",
                "token_weights",
                "token_values",
                "weighting_comparison",
                "gradient_comparison",
                "benchmark_scores",
            },
        ),
        ({"model": {"type": "tiny_qwen3_vl", "seed": 1}}, {"policy"}),
        ({"arms": [{"weighting": {"type": "grpo"}, "seeds": [0, 1]}]}, set()),
        ({"iterations": 9}, set()),
    ],
)
def test_code_versions_change_with_what_a_stage_depends_on(
    experiment: ExperimentConfig, change: dict[str, Any], changed: set[str]
) -> None:
    before = _versions(experiment)
    after = _versions(ExperimentConfig.model_validate(experiment.model_dump() | change))
    assert {name for name in before if before[name] != after[name]} == changed


def _attributes(name: str) -> dict[str, Any]:
    document = yaml.safe_load((EXPERIMENTS / name / "defs.yaml").read_text(encoding="utf-8"))
    return document["attributes"]


def test_an_unknown_key_in_a_folder_fails_by_its_name() -> None:
    attributes = deepcopy(_attributes("easy_vqa"))
    attributes["sampling"]["group_sise"] = 4
    with create_defs_folder_sandbox() as sandbox:
        folder = sandbox.scaffold_component(component_cls=Experiment, defs_path="mine")
        document = {"type": "assets.component.Experiment", "attributes": attributes}
        (folder / "defs.yaml").write_text(yaml.safe_dump(document))
        with (
            pytest.raises(Exception, match="mine") as failed,
            sandbox.load_component_and_build_defs(defs_path=folder),
        ):
            pass
    assert "group_sise" in _whole_message(failed.value)


def _whole_message(error: BaseException | None) -> str:
    return f"{error}\n{_whole_message(error.__cause__)}" if error else ""


def test_a_folder_is_an_experiment_of_its_name() -> None:
    with create_defs_folder_sandbox() as sandbox:
        folder = sandbox.scaffold_component(component_cls=Experiment, defs_path="mine")
        shutil.copyfile(EXPERIMENTS / "easy_vqa" / "defs.yaml", folder / "defs.yaml")
        with sandbox.build_all_defs() as built:
            keys = built.resolve_asset_graph().get_all_asset_keys()
    assert {key.to_user_string() for key in keys} == {
        name.replace("easy_vqa", "mine") for name in EASY_VQA
    }


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda a: a.update(iteration=3), "iteration"),
        (lambda a: a["arms"][1]["weighting"].update(mixx=0.5), "mixx"),
        (lambda a: a["evaluation"]["benchmarks"][0].update(sample=1), "sample"),
    ],
)
def test_an_unknown_attribute_fails_by_its_name(
    change: Callable[[dict[str, Any]], None], named: str
) -> None:
    attributes = deepcopy(_attributes("easy_vqa"))
    change(attributes)
    with pytest.raises(ConfigError, match=rf"\.?{named}: unknown key"):
        Experiment.from_attributes_dict(attributes=attributes)


def test_a_relative_data_set_lies_beside_its_yaml(tmp_path: Path) -> None:
    attributes = {
        "dataset": {"type": "jsonl", "path": "problems.jsonl"},
        "model": {"type": "pretrained", "name": "none"},
        "arms": [{"weighting": {"type": "grpo"}}],
    }
    with create_defs_folder_sandbox() as sandbox:
        folder = sandbox.scaffold_component(component_cls=Experiment, defs_path="mine")
        document = {"type": "assets.component.Experiment", "attributes": attributes}
        (folder / "defs.yaml").write_text(yaml.safe_dump(document))
        with sandbox.load_component_and_build_defs(defs_path=folder) as (component, _):
            assert isinstance(component, Experiment)
            assert component.experiment.dataset.path == str(folder.resolve() / "problems.jsonl")


HEAD = "type: assets.component.Experiment\nattributes:\n"
GOOD = f"{HEAD}  iterations: 2\n  arms:\n    - weighting: {{type: grpo}}\n"


OWN = {
    "own": "import json\n\njson.loads('{')\n",
    "odd": """from pydantic import model_validator
from rlsd_pipeline.verifiers.exact import ExactVerifier

class Odd(ExactVerifier):
    @model_validator(mode="after")
    def check(self):
        raise KeyError("colour")
""",
    "circle": """from rlsd_pipeline.stages.iteration.rollouts import RolloutsStage

class Circle(RolloutsStage):
    reads = ("problems", "policy", "rewards")
""",
}


@pytest.fixture
def experiments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Good and bad experiments, in place of the shipped ones."""
    for module in ("assets.naming", "assets.definitions"):
        monkeypatch.setattr(f"{module}.EXPERIMENTS", tmp_path)
    written = {
        "good": GOOD,
        "grö ße-v1.2": GOOD,
        "twice": f"{GOOD}  iterations: 3\n",
        "beside": f"{GOOD}iterations: 3\n",
        "no-yaml": "[",
        "never": GOOD.replace("iterations: 2", "evaluation: {schedule: x}"),
        "deep/good": GOOD,
        "实验": GOOD,
        "broken link": "",
        "mistyped": GOOD.replace("iterations:", "iteration:"),
        "own": f"{GOOD}  verifier: {{type: './own.py:Broken'}}\n",
        "odd": f"{GOOD}  verifier: {{type: './own.py:Odd'}}\n",
        "circle": f"{GOOD}  stages: {{rollouts: {{type: './own.py:Circle'}}}}\n",
    }
    for name, text in written.items():
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "defs.yaml").write_text(text, encoding="utf-8")
    for name, code in OWN.items():
        (tmp_path / name / "own.py").write_text(code)
    return tmp_path


def test_a_bad_experiment_is_shown_and_the_others_are_there(
    experiments: Path, caplog: pytest.LogCaptureFixture
) -> None:
    found = defs()
    dg.Definitions.validate_loadable(found)
    graph = found.resolve_asset_graph()
    groups = {graph.get(key).group_name for key in graph.get_all_asset_keys()}
    assert groups == {"good", "gro_e_v1_2", "not_loaded"}
    why = {
        "/".join(key.path[1:]): " ".join(str(graph.get(key).description).split())
        for key in graph.get_all_asset_keys()
        if key.path[0] == "not_loaded"
    }
    assert "attributes.iterations: given twice, in lines 3 and 6" in why.pop("twice")
    assert "iterations: unknown key beside `attributes` (line 6)" in why.pop("beside")
    assert "cannot be read as YAML" in why.pop("no-yaml")
    assert f"{experiments}/never/defs.yaml: Found invalid cron schedule" in why.pop("never")
    assert "good/defs.yaml is called good as well" in why.pop("deep/good")
    assert "no letter or digit of ASCII" in why.pop("实验")
    assert "expected the keys `type` and `attributes`" in why.pop("broken link")
    mistyped = why.pop("mistyped")
    # First, and in the words of the command line, what is wrong with which file.
    with pytest.raises(ConfigError) as refused:
        load_experiment(experiments / "mistyped" / "defs.yaml")
    assert mistyped.index(str(refused.value)) < 80
    assert "iteration: unknown key (line 3, found 2); did you mean 'iterations'?" in mistyped
    assert "running own.py: JSONDecodeError" in why["own"]
    assert "own.py, line 3)" in why.pop("own")
    assert "KeyError: 'colour'" in why["odd"]
    assert "own.py, line 7)" in why.pop("odd")
    assert "circle/defs.yaml" in why["circle"]
    assert "ircular" in why.pop("circle")
    assert why == {}


def test_definitions_are_made_once_until_a_file_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("assets.naming", "assets.definitions"):
        monkeypatch.setattr(f"{module}.EXPERIMENTS", tmp_path)
    file = tmp_path / "good" / "defs.yaml"
    file.parent.mkdir()
    file.write_text(GOOD, encoding="utf-8")
    first = defs()
    assert defs() is first
    file.write_text("[", encoding="utf-8")
    groups = {node.group_name for node in defs().resolve_asset_graph().asset_nodes}
    assert groups == {"not_loaded"}


def test_a_check_of_the_definitions_fails(
    experiments: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAGSTER_IS_DEFS_VALIDATION_CLI", "1")
    with pytest.raises(ConfigError) as failed:
        defs()
    assert "given twice, in lines 3 and 6" in str(failed.value)
    assert "unknown key beside `attributes` (line 6)" in str(failed.value)


def test_dagsters_own_loading_refuses_what_the_command_line_refuses() -> None:
    with create_defs_folder_sandbox() as sandbox:
        folder = sandbox.scaffold_component(component_cls=Experiment, defs_path="mine")
        (folder / "defs.yaml").write_text(f"{GOOD}  iterations: 3\n")
        with (
            pytest.raises(Exception, match="mine") as failed,
            sandbox.load_component_and_build_defs(defs_path=folder),
        ):
            pass
    assert "attributes.iterations: given twice, in lines 3 and 6" in _whole_message(failed.value)
