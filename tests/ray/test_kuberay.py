"""A cluster that KubeRay makes for each run: dagster-ray against a Kubernetes that stands in."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml

from assets.cli.loop import Loop, open_instance
from assets.run_cluster import kuberay_cluster
from deploy.processes.machine import free_port
from rlsd_pipeline.config.kuberay import KubeRay
from rlsd_pipeline.config.ray import RayCompute
from rlsd_pipeline.errors import ComputeError
from rlsd_pipeline.progress import Silent
from rlsd_pipeline.stages.iteration.rollouts import RolloutsStage
from tests.iterated import iterate
from tests.ray.conftest import ARM, DECLARED
from tests.ray.kubernetes_api import Operator, serve

pytest.importorskip("dagster_ray", reason="extra `ray`")
pytest.importorskip("kubernetes", reason="extra `ray`")

SHIPPED = Path(__file__).resolve().parents[2] / "deploy" / "helm" / "raycluster.yaml"

Use = Callable[[str], None]


@pytest.fixture
def use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Use:
    """Makes a URL the Kubernetes of this process."""
    from kubernetes.config import kube_config

    def use(url: str) -> None:
        named = {"clusters": [{"name": "here", "cluster": {"server": url}}]}
        context = {"name": "here", "context": {"cluster": "here", "user": ""}}
        config = {**named, "contexts": [context], "users": [], "current-context": "here"}
        file = tmp_path / "kubeconfig"
        file.write_text(yaml.safe_dump(config))
        monkeypatch.setattr(kube_config, "KUBE_CONFIG_DEFAULT_LOCATION", str(file))

    return use


@pytest.fixture
def operator(use: Use, monkeypatch: pytest.MonkeyPatch) -> Iterator[Operator]:
    """Kubernetes with an operator."""
    from dagster_ray.kuberay.resources.base import BaseKubeRayResource

    with serve() as (operator, url):
        use(url)
        # The cluster's own names resolve in its pods alone.
        monkeypatch.setattr(BaseKubeRayResource, "resolve_hostname", lambda *_: "127.0.0.1")
        yield operator


@pytest.fixture
def manifest() -> dict[str, Any]:
    """One head that computes, on ports that nobody else has."""
    parameters = {
        "port": str(free_port()),
        "ray-client-server-port": str(free_port()),
        "num-cpus": "2",
        "include-dashboard": "false",
        "object-store-memory": str(200 * 2**20),
    }
    # As in deploy/helm/raycluster.yaml.
    env = [{"name": "GRPC_ENABLE_FORK_SUPPORT", "value": "0"}]
    pod = {"spec": {"containers": [{"name": "ray-head", "image": "rlsd:cpu", "env": env}]}}
    return {
        "apiVersion": "ray.io/v1",
        "kind": "RayCluster",
        "metadata": {"name": "rlsd", "labels": {"team": "a"}},
        "spec": {
            "rayVersion": "2.50.0",
            "headGroupSpec": {"rayStartParams": parameters, "template": pod},
        },
    }


@pytest.fixture
def loop(
    tmp_path: Path, manifest: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Loop, dg.DagsterInstance]]:
    """The tiny experiment, its base policy made."""
    monkeypatch.setenv("RLSD_HOME", str(tmp_path / "home"))
    for name in ("DAGSTER_HOME", "DAGSTER_EVENT_BATCH_SIZE", "RLSD_STORE"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    compute = {
        "type": "ray",
        "workers": 2,
        "update_workers": 1,
        "kuberay": {"cluster": "raycluster.yaml", "timeout_minutes": 1},
    }
    file = tmp_path / "small" / "defs.yaml"
    file.parent.mkdir()
    file.write_text(yaml.safe_dump({"type": "x", "attributes": {**DECLARED, "compute": compute}}))
    (file.parent / "raycluster.yaml").write_text(yaml.safe_dump(manifest))
    with open_instance() as instance:
        loop = Loop(file, instance, Silent())
        loop.prepare([ARM])
        yield loop, instance


def run_ids(operator: Operator) -> list[str]:
    return [each["metadata"]["labels"]["dagster/run-id"] for each in operator.created]


def test_each_run_has_a_cluster_and_gives_what_one_process_gives(
    operator: Operator,
    loop: tuple[Loop, dg.DagsterInstance],
    manifest: dict[str, Any],
    alone: dict[tuple[int, str], str],
) -> None:
    training, instance = loop
    assert operator.created == []
    # Its workers are still there when it ends, and none of them is for the next run.
    training.evaluate(ARM, 0)
    assert operator.clusters == {}
    iterate(training, ARM, 0)
    assert operator.clusters == {}

    names = [each["metadata"]["name"] for each in operator.created]
    assert len(set(names)) == 2
    assert operator.deleted == names
    jobs = [instance.get_run_by_id(run).job_name for run in run_ids(operator)]
    assert jobs == ["small_evaluate", "small_iteration"]
    for made in operator.created:
        assert made["metadata"]["labels"].items() >= manifest["metadata"]["labels"].items()
        assert made["spec"].items() >= json.loads(json.dumps(manifest["spec"])).items()
        assert made["spec"]["workerGroupSpecs"] == []

    expected = {stage: digest for (iteration, stage), digest in alone.items() if iteration == 0}
    run = training.workspace.at(ARM, 0)
    assert len(expected) == 7
    assert {stage: run.read(stage).digest for stage in expected} == expected


def test_a_run_that_fails_leaves_no_cluster_and_one_that_was_killed_not_for_long(
    operator: Operator, loop: tuple[Loop, dg.DagsterInstance], monkeypatch: pytest.MonkeyPatch
) -> None:
    training, instance = loop

    def fail(*_: Any) -> Any:
        (name,) = operator.clusters.keys() - others
        labels = operator.clusters[name]["metadata"]["labels"]
        assert instance.get_run_by_id(labels["dagster/run-id"]).is_finished is False
        raise RuntimeError("no rollouts today")

    monkeypatch.setattr(RolloutsStage, "write", fail)
    others: set[str] = set()
    with pytest.raises(RuntimeError, match="no rollouts today"):
        iterate(training, ARM, 0)
    assert operator.clusters == {}
    assert len(operator.deleted) == 1

    (gone,) = operator.created
    spec = {"spec": {"headGroupSpec": {"rayStartParams": {"ray-client-server-port": "1"}}}}
    labels = gone["metadata"]["labels"]
    for name, run in (("killed", labels["dagster/run-id"]), ("another-instances", "unknown")):
        metadata = {"name": name, "namespace": "rlsd", "labels": labels | {"dagster/run-id": run}}
        operator.clusters[name] = {"metadata": metadata, **spec}
    others = {"another-instances"}
    with pytest.raises(RuntimeError, match="no rollouts today"):
        iterate(training, ARM, 0)
    assert set(operator.clusters) == others
    assert operator.deleted[1] == "killed"


def test_a_cluster_that_fails_to_start_ends_the_run_and_goes(
    operator: Operator, loop: tuple[Loop, dg.DagsterInstance]
) -> None:
    operator.state = "failed"
    with pytest.raises(ComputeError, match=r"(?s)made no Ray cluster of .*raycluster.yaml.*failed"):
        iterate(loop[0], ARM, 0)
    assert len(operator.created) == 1
    assert operator.clusters == {}


def test_without_kubernetes_a_run_ends_at_once(
    use: Use, loop: tuple[Loop, dg.DagsterInstance]
) -> None:
    use(f"http://127.0.0.1:{free_port()}")
    with pytest.raises(ComputeError, match=r"(?s)made no Ray cluster.*Connection refused"):
        iterate(loop[0], ARM, 0)


def test_the_shipped_manifest_is_sent_as_it_is_but_for_its_name(use: Use) -> None:
    use("http://127.0.0.1:1")
    kuberay = KubeRay(cluster=str(SHIPPED), namespace="elsewhere")
    made = kuberay_cluster(RayCompute(kuberay=kuberay), kuberay)
    assert (made.namespace, made.redis_port, made.timeout) == ("elsewhere", 10001, 1800)
    with dg.build_init_resource_context() as context:
        sent = made.ray_cluster.to_k8s(context)
    assert "name" not in sent["metadata"]
    # dagster-ray says what KubeRay would take for granted.
    assert sent["spec"].pop("autoscalerOptions")
    assert sent["spec"].pop("enableInTreeAutoscaling") is False
    assert sent["spec"] == kuberay.manifest()["spec"]
