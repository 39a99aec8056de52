"""A Ray cluster for each run: which assets require it, and what is said where it cannot be."""

import importlib.util
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml

from assets.declared import Declared
from assets.graph import build_definitions, stage_assets
from rlsd_pipeline.config.experiment import ExperimentConfig, load_experiment

Declare = Callable[..., Path]

COMPUTING = {
    "compared_columns",
    "rollouts",
    "token_values",
    "logprobs",
    "policy_checkpoint",
    "benchmark_scores",
    "gradient_comparison",
    "information_gap",
    "lookahead",
}

MANIFEST = {
    "apiVersion": "ray.io/v1",
    "kind": "RayCluster",
    "spec": {"headGroupSpec": {"template": {"spec": {"containers": [{"name": "ray"}]}}}},
}


@pytest.fixture
def file(declare: Declare) -> Path:
    """The tiny experiment; each of its runs has a cluster."""
    file = declare(compute={"type": "ray", "kuberay": {"cluster": "cluster.yaml"}})
    (file.parent / "cluster.yaml").write_text(yaml.safe_dump(MANIFEST))
    return file


def required(experiment: ExperimentConfig, name: str = "small") -> dict[str, set[str]]:
    """By stage."""
    return {
        asset.key.path[1]: set(asset.required_resource_keys)
        for asset in stage_assets(Declared(name, experiment))
    }


def test_only_what_computes_requires_the_cluster(file: Path) -> None:
    found = required(load_experiment(file))
    assert {stage for stage, keys in found.items() if "small__ray_cluster" in keys} == COMPUTING


def test_without_kuberay_nothing_is_required(experiment: ExperimentConfig) -> None:
    assert not any("small__ray_cluster" in keys for keys in required(experiment).values())
    assert "small__ray_cluster" not in (build_definitions("small", experiment).resources or {})


def test_two_experiments_have_their_own(file: Path) -> None:
    experiment = load_experiment(file)
    both = dg.Definitions.merge(
        build_definitions("small", experiment), build_definitions("other", experiment)
    )
    assert {"small__ray_cluster", "other__ray_cluster"} <= set(both.resources or {})
    dg.Definitions.validate_loadable(both)


def test_loading_it_loads_nothing_that_computes_or_makes_clusters(file: Path) -> None:
    code = f"""
import sys
from pathlib import Path
from assets.graph import build_definitions
from rlsd_pipeline.config.experiment import load_experiment
build_definitions("small", load_experiment(Path({str(file)!r}))).get_repository_def()
print(*{{name.partition(".")[0] for name in sys.modules}})
"""
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    )
    loaded = set(ended.stdout.split())
    assert "dagster" in loaded
    assert loaded.isdisjoint({"torch", "ray", "dagster_ray", "kubernetes"})


def test_without_the_packages_the_install_command_is_given(
    file: Path, run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "dagster_ray" else find(name)
    )
    answer = run("train", file)
    assert answer.exit_code == 1
    said = " ".join(answer.error.split())
    assert "Traceback" not in said
    assert "dagster_ray" in said
    assert "pip install -e '.[ray]'" in said
