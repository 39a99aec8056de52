"""A Ray cluster that KubeRay makes for a run, from a manifest beside the experiment's file."""

from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

from rlsd_pipeline.config.paths import located_path
from rlsd_pipeline.config.strict import StrictConfig, validate
from rlsd_pipeline.errors import ConfigError

CLIENT_PORT = 10001


class KubeRay(StrictConfig):
    """A cluster of its own for each Dagster run, deleted when the run ends."""

    cluster: str
    """YAML file with one `RayCluster`, relative to the experiment's, such as a copy of
    `deploy/helm/raycluster.yaml`. Its name is not used: each run's cluster has a name of its own. A
    container without an image gets the run's image."""

    namespace: str = "rlsd"
    """Kubernetes namespace of the cluster."""

    timeout_minutes: Annotated[float, Field(gt=0)] = 30.0
    """How long a run waits for its cluster, including images and nodes."""

    def located(self, folder: Path) -> "KubeRay":
        """The same, with a relative path resolved against a folder."""
        return self.model_copy(update={"cluster": located_path(self.cluster, folder)})

    def manifest(self) -> dict[str, Any]:
        """The declared `RayCluster`.

        Raises:
            ConfigError: The file cannot be read, or holds no `RayCluster` of this namespace.
        """
        return self._read()[0]

    def client_port(self) -> int:
        """Port of the head at which clients of Ray connect.

        Raises:
            ConfigError: See `manifest`.
        """
        head = self._read()[1].spec.head
        return int(head.start_params.get("ray-client-server-port", CLIENT_PORT))

    def gpus(self) -> int:
        """GPUs of the whole cluster.

        Raises:
            ConfigError: See `manifest`.
        """
        spec = self._read()[1].spec
        found = spec.head.gpus()
        for group in spec.workers:
            copies = group.most if spec.autoscaling else group.replicas
            found += copies * group.hosts * group.gpus()
        return found

    def _read(self) -> tuple[dict[str, Any], "_RayCluster"]:
        source = f"compute.kuberay.cluster {self.cluster}"
        try:
            document = yaml.safe_load(Path(self.cluster).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise ConfigError(
                f"{source}: cannot be read as one YAML document: {error}. Begin with a copy of "
                "deploy/helm/raycluster.yaml"
            ) from error
        checked = validate(_RayCluster, document, source=source)
        if checked.metadata.get("namespace", self.namespace) != self.namespace:
            raise ConfigError(
                f"{source}: metadata.namespace is {checked.metadata['namespace']!r} and "
                f"compute.kuberay.namespace {self.namespace!r}: drop one, or make them equal"
            )
        return document, checked


class _Part(BaseModel):
    """The fields of a manifest that are read here."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class _Resources(_Part):
    limits: dict[str, Any] = {}
    requests: dict[str, Any] = {}

    def gpus(self) -> int:
        """By the vendors' names, such as `nvidia.com/gpu`."""
        asked = self.requests | self.limits
        return sum(int(amount) for name, amount in asked.items() if name.endswith("/gpu"))


class _Container(_Part):
    resources: _Resources = _Resources()


class _Pod(_Part):
    containers: list[_Container] = Field(min_length=1)


class _Template(_Part):
    spec: _Pod


class _Group(_Part):
    start_params: dict[str, str] = Field(default={}, alias="rayStartParams")
    template: _Template

    def gpus(self) -> int:
        """Of one pod. The first container is Ray's."""
        found = self.template.spec.containers[0].resources.gpus()
        return int(self.start_params.get("num-gpus", found))

    @model_validator(mode="after")
    def _gpus_are_a_number(self) -> "_Group":
        self.gpus()
        return self


class _WorkerGroup(_Group):
    name: str = Field(alias="groupName")
    replicas: Annotated[int, Field(ge=0)] = 0
    most: Annotated[int, Field(ge=0)] = Field(default=0, alias="maxReplicas")
    hosts: Annotated[int, Field(ge=1)] = Field(default=1, alias="numOfHosts")


class _Spec(_Part):
    head: _Group = Field(alias="headGroupSpec")
    workers: list[_WorkerGroup] = Field(default=[], alias="workerGroupSpecs")
    autoscaling: bool = Field(default=False, alias="enableInTreeAutoscaling")


class _RayCluster(_Part):
    kind: Literal["RayCluster"]
    version: Literal["ray.io/v1"] = Field(alias="apiVersion")
    metadata: dict[str, Any] = {}
    spec: _Spec
