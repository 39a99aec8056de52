"""A Ray cluster that KubeRay makes when a run begins and deletes when the run ends."""

import importlib.util
import logging
from collections.abc import Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import dagster as dg

from assets.declared import Declared
from rlsd_pipeline.config.kuberay import KubeRay
from rlsd_pipeline.config.ray import RayCompute
from rlsd_pipeline.errors import ComputeError, ConfigError

if TYPE_CHECKING:
    from dagster_ray.kuberay import KubeRayCluster

_PACKAGES = ("ray", "dagster_ray", "kubernetes")


def run_cluster(declared: Declared) -> dict[str, dg.ResourceDefinition]:
    """The resource that assets which compute require; none unless `compute.kuberay` declares it.

    Dagster opens it once a run, since all steps of a run share a process.
    """
    if declared.run_cluster_key is None:
        return {}

    def cluster(context: dg.InitResourceContext) -> Iterator[str]:
        require_kuberay(declared)
        compute = declared.experiment.compute
        assert isinstance(compute, RayCompute)
        assert compute.kuberay is not None
        with ExitStack() as stack:
            yield _enter(stack, context, declared, compute, compute.kuberay)

    made = dg.ResourceDefinition(cluster, description="A Ray cluster for one run, by KubeRay.")
    return {declared.run_cluster_key: made}


def require_kuberay(declared: Declared) -> None:
    """Refuse, before anything is computed, a declared KubeRay whose packages are missing.

    Raises:
        ConfigError: Packages are missing; names them, and the command that installs them.
    """
    if declared.run_cluster_key is None:
        return
    missing = [name for name in _PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise ConfigError(
            f"`compute.kuberay` needs {' and '.join(missing)}: pip install -e '.[ray]' in the "
            "checkout, or declare the `address` of a cluster that runs already"
        )


def _enter(
    stack: ExitStack,
    context: dg.InitResourceContext,
    declared: Declared,
    compute: RayCompute,
    kuberay: KubeRay,
) -> str:
    """Make the cluster and connect this process; returns its name.

    Raises:
        ComputeError: Kubernetes refuses the cluster, or it is not ready in time or unreachable.
    """
    cluster = kuberay_cluster(compute, kuberay)
    try:
        _delete_left_behind(cluster, context)
        stack.enter_context(cluster.yield_for_execution(context))
    except Exception as error:
        raise ComputeError(
            f"KubeRay made no Ray cluster of {kuberay.cluster} in the namespace "
            f"{kuberay.namespace!r}: {error}. Look at the operator's log and at `kubectl -n "
            f"{kuberay.namespace} get rayclusters,pods`; what a run needs is in deploy/README.md"
        ) from error

    def leave() -> None:
        declared.workspace().compute.forget()
        # While the head still answers: a client that has lost its server waits for it.
        cluster.context.disconnect()

    stack.callback(leave)
    return cluster.name


def kuberay_cluster(compute: RayCompute, kuberay: KubeRay) -> "KubeRayCluster":
    """The declared cluster as dagster-ray makes it, under a name of its own.

    Raises:
        ConfigError: The manifest is invalid.
    """
    from dagster_ray.kuberay import KubeRayCluster, RayClusterConfig, RayClusterSpec
    from dagster_ray.kuberay.client import RayClusterClient
    from dagster_ray.kuberay.utils import to_camel_case

    from rlsd_pipeline.compute.ray_cluster import NAMESPACE

    manifest = kuberay.manifest()
    # Two runs at a time are two clusters, so none bears the manifest's name.
    metadata = {k: v for k, v in manifest.get("metadata", {}).items() if k != "name"}
    names = {to_camel_case(name): name for name in RayClusterSpec.model_fields}
    spec = {names.get(key, key): value for key, value in manifest["spec"].items()}
    options: dict[str, Any] = {"namespace": NAMESPACE, "runtime_env": dict(compute.runtime_env)}
    return KubeRayCluster(
        ray_cluster=RayClusterConfig(
            metadata=metadata | {"namespace": kuberay.namespace},
            spec=RayClusterSpec(**{"worker_group_specs": [], **spec}),
        ),
        client=RayClusterClient(),
        timeout=60 * kuberay.timeout_minutes,
        redis_port=kuberay.client_port(),
        ray_init_options=options | {"logging_level": logging.WARNING, "log_to_driver": False},
    )


def _delete_left_behind(cluster: "KubeRayCluster", context: dg.InitResourceContext) -> None:
    """Delete the clusters of runs whose process was killed before it could."""
    from kubernetes.client import ApiException

    assert context.instance is not None
    assert context.log is not None
    key = "dagster/resource-key"
    selector = f"{key}={cluster.get_k8s_labels(context)[key]}"
    found = cluster.client.list(cluster.namespace, label_selector=selector)
    for metadata in (each["metadata"] for each in found.get("items", [])):
        run = context.instance.get_run_by_id(metadata["labels"]["dagster/run-id"])
        # Another instance's runs are not known here.
        if run is None or not run.is_finished:
            continue
        context.log.info("deleting %s, whose run %s is over", metadata["name"], run.run_id)
        try:
            cluster.client.delete(metadata["name"], cluster.namespace)
        except ApiException as error:
            if error.status != 404:
                raise
