"""The declared Ray cluster: started on this machine, a running one, or one made for the run."""

import atexit
import logging
import math
import os
import socket
from typing import Any
from urllib.parse import urlsplit

from rlsd_pipeline.config.ray import RayCompute
from rlsd_pipeline.errors import ComputeError, ConfigError

NAMESPACE = "rlsd"
CONNECT_SECONDS = 10


def connect(config: RayCompute) -> Any:
    """The `ray` module, connected; a process that is connected already stays so.

    Raises:
        ConfigError: Ray is not installed, or this machine lacks what the workers ask for.
        ComputeError: There is no cluster at the address, or KubeRay made none for this process.
    """
    ray = _import_ray()
    if not ray.is_initialized():
        if config.kuberay is not None:
            raise ComputeError(
                "compute.kuberay makes a cluster for each Dagster run, and this process has none: "
                "compute by `rlsd train`, `rlsd evaluate` or in the UI, or declare the `address` "
                "of a cluster that runs already"
            )
        if config.address is None:
            _start(ray, config)
        else:
            _join(ray, config, config.address)
        atexit.register(ray.shutdown)
    return ray


def _import_ray() -> Any:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
    except ImportError as error:
        raise ConfigError(
            "`compute: {type: ray}` needs Ray, which is not installed here: "
            "pip install -e '.[ray]' (or `compute: {type: local}`)"
        ) from error
    return ray


def _start(ray: Any, config: RayCompute) -> None:
    from ray._private import ray_constants

    # On Linux Ray listens on every interface, elsewhere on loopback alone. What chooses is read
    # when ray is imported: by this process perhaps already, by the cluster's own still to come.
    os.environ[ray_constants.ENABLE_RAY_CLUSTERS_ENV_VAR] = "0"
    ray_constants.ENABLE_RAY_CLUSTER = False
    slots = max(config.workers, config.ranks) * config.cpus_per_worker
    ray.init(
        address="local",
        num_cpus=max(os.cpu_count() or 1, math.ceil(slots)),
        object_store_memory=(config.object_store_mb or 1024) * 2**20,
        include_dashboard=config.dashboard,
        namespace=NAMESPACE,
        runtime_env=dict(config.runtime_env) or None,
        logging_level=logging.WARNING,
        log_to_driver=False,
    )
    found = ray.cluster_resources().get("GPU", 0)
    if config.gpus > found:
        ray.shutdown()
        raise ConfigError(
            f"{config.workers} workers of {config.gpu_share:g} GPUs need {config.gpus:g}, and "
            f"this machine has {found:g}: lower compute.workers or gpus_per_worker, or give the "
            "`address` of a cluster"
        )


def _join(ray: Any, config: RayCompute, address: str) -> None:
    try:
        _require_listener(address)
        ray.init(
            address=address,
            namespace=NAMESPACE,
            runtime_env=dict(config.runtime_env) or None,
            logging_level=logging.WARNING,
            log_to_driver=False,
        )
    except (OSError, ValueError, RuntimeError) as error:
        raise ComputeError(
            f"there is no Ray cluster at compute.address {address!r}: {error}. Start one with "
            "`ray start --head`, or drop `address` to have one started here"
        ) from error


def _require_listener(address: str) -> None:
    # Ray itself waits for minutes if no process listens.
    place = urlsplit(address if "://" in address else f"//{address}")
    if place.hostname and place.port:
        socket.create_connection((place.hostname, place.port), CONNECT_SECONDS).close()
