"""Manifests against Kubernetes' own schemas, and the chart where one is given.

`DAGSTER_CHART` names the official chart, as `helm pull dagster/dagster --untar` leaves it.
"""

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

HELM = Path(__file__).resolve().parents[2] / "deploy" / "helm"


def documents(name: str) -> list[dict[str, Any]]:
    return [each for each in yaml.safe_load_all((HELM / name).read_text()) if each]


def check(manifest: dict[str, Any]) -> None:
    """Refuses what Kubernetes would, and fields that it would drop."""
    kubernetes = pytest.importorskip("kubernetes_validate", reason="make test-deploy installs it")
    kubernetes.validate(manifest, kubernetes.latest_version(), strict=True)


MANIFESTS = [each for name in ("proxy.yaml", "ray-access.yaml") for each in documents(name)]


@pytest.mark.parametrize(
    "manifest", MANIFESTS, ids=lambda m: f"{m['kind']}/{m['metadata']['name']}"
)
def test_a_manifest_is_valid(manifest: dict[str, Any]) -> None:
    check(manifest)
    with pytest.raises(Exception, match="spek"):
        check({**manifest, "spek": {}})


@pytest.fixture
def cluster() -> dict[str, Any]:
    (found,) = documents("raycluster.yaml")
    return found


def groups(cluster: dict[str, Any]) -> list[dict[str, Any]]:
    return [cluster["spec"]["headGroupSpec"], *cluster["spec"]["workerGroupSpecs"]]


def test_the_pods_of_the_ray_cluster_are_valid(cluster: dict[str, Any]) -> None:
    for group in groups(cluster):
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "ray"}, **group["template"]}
        check(pod)
        (container,) = pod["spec"]["containers"]
        assert container["securityContext"]["allowPrivilegeEscalation"] is False
        assert pod["spec"]["securityContext"]["runAsNonRoot"] is True


def test_the_ray_cluster_has_no_field_that_dagster_ray_does_not_know(
    cluster: dict[str, Any],
) -> None:
    configs = pytest.importorskip("dagster_ray.kuberay.configs", reason="extra `ray`")

    words = (name.split("_") for name in configs.RayClusterSpec.model_fields)
    known = {first + "".join(word.capitalize() for word in rest) for first, *rest in words}
    assert set(cluster["spec"]) <= known


@pytest.fixture
def rendered() -> list[dict[str, Any]]:
    """What the official chart makes of our values."""
    chart = os.environ.get("DAGSTER_CHART")
    if not chart:
        pytest.skip("DAGSTER_CHART does not name the official chart")
    helm = pytest.importorskip("helm_python", reason="make test-deploy installs helm-python-sdk")
    values = helm.values_from_yaml((HELM / "dagster-values.yaml").read_text())
    with helm.Chart.load(chart) as loaded:
        loaded.validate_schema(values)
        files = loaded.render(values, name="rlsd", namespace="rlsd")
    texts = (text for name, text in files.items() if name.endswith(".yaml"))
    return [each for text in texts for each in yaml.safe_load_all(text) if each]


def test_the_chart_takes_our_values(rendered: list[dict[str, Any]]) -> None:
    for manifest in rendered:
        check(manifest)
    (instance,) = (
        yaml.safe_load(each["data"]["dagster.yaml"])
        for each in rendered
        if each["kind"] == "ConfigMap" and "dagster.yaml" in each.get("data", {})
    )
    limits = instance["run_coordinator"]["config"]["tag_concurrency_limits"]
    assert limits[0]["key"] == "dagster/partition/arm"
    assert instance["run_storage"]["config"]["postgres_db"]["scheme"] == "postgresql+psycopg2"
    assert instance["telemetry"] == instance["nux"] == {"enabled": False}
