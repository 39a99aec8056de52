"""A cluster that KubeRay makes: what is refused before anything is computed."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from rlsd_pipeline.compute.ray_cluster import connect
from rlsd_pipeline.config.experiment import ExperimentConfig, load_experiment
from rlsd_pipeline.config.kuberay import KubeRay
from rlsd_pipeline.config.ray import RayCompute
from rlsd_pipeline.errors import ComputeError, ConfigError

SHIPPED = Path(__file__).resolve().parents[3] / "deploy" / "helm" / "raycluster.yaml"

POD = {"spec": {"containers": [{"name": "ray", "resources": {"limits": {"nvidia.com/gpu": 8}}}]}}

MANIFEST: dict[str, Any] = {
    "apiVersion": "ray.io/v1",
    "kind": "RayCluster",
    "spec": {
        "headGroupSpec": {
            "rayStartParams": {"num-cpus": "0"},
            "template": {"spec": {"containers": [{"name": "ray"}]}},
        },
        "workerGroupSpecs": [
            {"groupName": "gpu", "replicas": 1, "maxReplicas": 3, "template": POD},
            {"groupName": "pairs", "replicas": 1, "numOfHosts": 2, "template": POD},
        ],
    },
}


def declared(folder: Path, manifest: Any = MANIFEST, **compute: Any) -> ExperimentConfig:
    """As an experiment's file would declare it, with the manifest beside it."""
    (folder / "cluster.yaml").write_text(yaml.safe_dump(manifest))
    kuberay = {"cluster": "cluster.yaml", **compute.pop("kuberay", {})}
    attributes = {
        "arms": [{"weighting": {"type": "grpo"}}],
        "compute": {"type": "ray", "kuberay": kuberay, **compute},
    }
    document = {"type": "assets.component.Experiment", "attributes": attributes}
    (folder / "defs.yaml").write_text(yaml.safe_dump(document))
    return load_experiment(folder / "defs.yaml")


def with_spec(**changes: Any) -> dict[str, Any]:
    manifest = deepcopy(MANIFEST)
    manifest["spec"] |= changes
    return manifest


def test_the_manifest_lies_beside_the_file(tmp_path: Path) -> None:
    found = declared(tmp_path).compute
    assert isinstance(found, RayCompute)
    assert found.kuberay == KubeRay(cluster=str(tmp_path / "cluster.yaml"), namespace="rlsd")
    assert found.kuberay.manifest() == MANIFEST
    assert found.kuberay.client_port() == 10001


def test_the_shipped_manifest_is_one() -> None:
    found = KubeRay(cluster=str(SHIPPED))
    # Four workers of eight.
    assert found.gpus() == 32
    assert found.manifest()["metadata"] == {"name": "rlsd"}


def test_gpus_are_those_of_all_pods(tmp_path: Path) -> None:
    declared(tmp_path)
    kuberay = KubeRay(cluster=str(tmp_path / "cluster.yaml"))
    assert kuberay.gpus() == 8 + 2 * 8
    declared(tmp_path, with_spec(enableInTreeAutoscaling=True))
    # The pairs may not grow beyond none.
    assert kuberay.gpus() == 3 * 8
    head = {**MANIFEST["spec"]["headGroupSpec"], "rayStartParams": {"num-gpus": "2"}}
    declared(tmp_path, with_spec(headGroupSpec=head))
    assert kuberay.gpus() == 2 + 8 + 2 * 8


def test_too_few_gpus_are_refused(tmp_path: Path) -> None:
    share = {"gpus_per_worker": 0.6, "update_gpus_per_worker": 0.4}
    declared(tmp_path, workers=24, **share)
    with pytest.raises(ConfigError, match=r"25 workers of 1 GPUs need 25, .*cluster.yaml has 24"):
        declared(tmp_path, workers=25, **share)


@pytest.mark.parametrize(
    ("manifest", "expected"),
    [
        ({**MANIFEST, "kind": "RayJob"}, "kind: input should be 'RayCluster'"),
        ({**MANIFEST, "apiVersion": "ray.io/v2"}, "apiVersion: input should be 'ray.io/v1'"),
        ({**MANIFEST, "spec": {}}, "spec.headGroupSpec: required, but missing"),
        ({**MANIFEST, "metadata": {"namespace": "b"}}, "metadata.namespace is 'b'"),
        (with_spec(workerGroupSpecs=[{"template": POD}]), "[0].groupName: required, but missing"),
        (
            with_spec(headGroupSpec={"template": {"spec": {"containers": []}}}),
            "headGroupSpec.template.spec.containers: list should have at least 1 item",
        ),
        (
            with_spec(headGroupSpec={"template": POD, "rayStartParams": {"num-gpus": "many"}}),
            "headGroupSpec: invalid literal",
        ),
    ],
)
def test_a_manifest_that_is_none(tmp_path: Path, manifest: Any, expected: str) -> None:
    with pytest.raises(ConfigError) as error:
        declared(tmp_path, manifest)
    assert expected in str(error.value)
    assert "cluster.yaml" in str(error.value)


def test_a_manifest_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"copy of deploy/helm/raycluster\.yaml"):
        declared(tmp_path, kuberay={"cluster": "another.yaml"})


@pytest.mark.parametrize(
    ("compute", "expected"),
    [
        ({"address": "auto"}, "drop `address` or `kuberay`"),
        ({"dashboard": True}, "dashboard would shape a cluster that is started here"),
        ({"kuberay": {"name_space": "a"}}, "did you mean 'namespace'?"),
    ],
)
def test_what_does_not_go_together(tmp_path: Path, compute: Any, expected: str) -> None:
    with pytest.raises(ConfigError) as error:
        declared(tmp_path, **compute)
    assert expected in str(error.value)


def test_outside_a_run_there_is_no_cluster() -> None:
    ray = pytest.importorskip("ray", reason="Ray is not installed: make test-ray")
    ray.shutdown()
    with pytest.raises(ComputeError, match="a cluster for each Dagster run"):
        connect(RayCompute(kuberay=KubeRay(cluster="cluster.yaml")))
