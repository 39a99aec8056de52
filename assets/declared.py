"""One declared experiment as its assets see it: keys, partitions, and the process's workspace."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg

from assets.home import home, open_store, store_url
from assets.naming import take_name
from assets.partitions import partitions, same_iteration, split_key
from assets.recovery import claim
from rlsd_pipeline.components.component import identity
from rlsd_pipeline.config.experiment import ExperimentConfig
from rlsd_pipeline.config.ray import RayCompute
from rlsd_pipeline.stages.contract import CONTRACTS, StageContract

if TYPE_CHECKING:
    from rlsd_pipeline.artifacts import Artifact
    from rlsd_pipeline.stages.run import StageRun, Workspace


_COMPUTING = {"rollouts", "logprobs", "policy_checkpoint", "benchmark_scores"}
"""Stages whose work runs where `compute` says."""


@dataclass(frozen=True)
class Declared:
    """An experiment, its name, and the file that takes the name when a stage runs.

    The command line names no file: it takes the name itself, once a stage has succeeded.
    """

    name: str
    experiment: ExperimentConfig
    file: Path | None = None

    def key(self, stage: str) -> dg.AssetKey:
        """Asset key of a stage; `benchmark_scores.NAME` is one asset a benchmark."""
        return dg.AssetKey([self.name, *stage.split(".", 1)])

    @cached_property
    def iterations(self) -> dg.MultiPartitionsDefinition:
        """Partitions of the stages of an iteration."""
        return partitions(self.experiment, self.experiment.iterations)

    @cached_property
    def policies(self) -> dg.MultiPartitionsDefinition:
        """Partitions of the policies, the last one included."""
        return partitions(self.experiment, self.experiment.iterations + 1)

    @cached_property
    def run_cluster_key(self) -> str | None:
        """Key of the resource that makes a Ray cluster for a run; None where none is declared."""
        compute = self.experiment.compute
        if not isinstance(compute, RayCompute) or compute.kuberay is None:
            return None
        return self.key("ray_cluster").to_python_identifier()

    def iteration_asset(self, stage: str, description: str) -> dict[str, Any]:
        """What all stages of an iteration declare alike."""
        return self.whole_asset(stage, description) | {
            "deps": [self._dependency(name) for name in CONTRACTS[stage].reads],
            "partitions_def": self.iterations,
        }

    def policy_asset(self, stage: str, description: str) -> dict[str, Any]:
        """What assets with one partition a policy declare alike."""
        return self.whole_asset(stage, description) | {
            "deps": [self.key(name) for name in CONTRACTS[stage.split(".")[0]].reads],
            "partitions_def": self.policies,
        }

    def whole_asset(self, stage: str, description: str) -> dict[str, Any]:
        """What all assets declare, and unpartitioned ones nothing else."""
        return {
            "key": self.key(stage),
            "description": description,
            "code_version": self.version(stage),
            "group_name": self.name,
            "required_resource_keys": self._resources(stage),
            "metadata": {"declared in": dg.MetadataValue.path(self.file)} if self.file else {},
        }

    def _resources(self, stage: str) -> set[str]:
        computes = stage.split(".")[0] in _COMPUTING
        return {self.run_cluster_key} if computes and self.run_cluster_key else set()

    def _dependency(self, stage: str) -> dg.AssetDep:
        if stage == "policy":
            return dg.AssetDep(self.key(stage), partition_mapping=same_iteration())
        return dg.AssetDep(self.key(stage))

    def version(self, stage: str) -> str:
        """Of the asset's code; changes when the stage's code or its part of the experiment does.

        The arms' own parts are left out: declaring another arm makes no other arm stale. They
        still decide the fingerprint, so a stage that is asked for is never wrongly reused.
        """
        contract = CONTRACTS.get(stage.split(".")[0])
        if contract is None:
            return "1"
        parts = self._parts(contract)
        digest = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
        return f"{contract.version}-{digest[:8]}"

    def made(self, stage: str, artifact: "Artifact") -> bool:
        """Whether an artifact is of this version of its stage, as far as its manifest tells."""
        contract = CONTRACTS[stage.split(".")[0]]
        parts = self._parts(contract)
        config = artifact.manifest.config
        return artifact.manifest.code_version == contract.version and all(
            name in config and config[name] == value for name, value in parts.items()
        )

    def _parts(self, contract: StageContract) -> dict[str, Any]:
        return identity(self.experiment, *contract.experiment) if contract.experiment else {}

    def workspace(self) -> "Workspace":
        """The experiment's workspace in this process; policies stay in memory between stages."""
        return _workspace(self.name, self.experiment.model_dump_json(), store_url())

    def claim(self, context: dg.AssetExecutionContext) -> None:
        """Record this process on the run, and the experiment's file as the one of its name.

        Raises:
            ConfigError: Another file has the name in this home.
        """
        claim(context)
        if self.file is not None:
            take_name(self.file)

    def at(self, context: dg.AssetExecutionContext, **options: Any) -> "StageRun":
        """The arm and iteration of the partition that is being materialized."""
        from rlsd_pipeline.tracking.opening import require_packages

        self.claim(context)
        require_packages(self.experiment.trackers)
        arm, iteration = split_key(context.partition_key)
        return self.workspace().at(arm, iteration, **options)


@cache
def _workspace(name: str, experiment: str, url: str) -> "Workspace":
    from rlsd_pipeline.models.pool import PolicyPool
    from rlsd_pipeline.stages.run import Workspace
    from rlsd_pipeline.tracking.tracking import Tracking

    declared = ExperimentConfig.model_validate_json(experiment)
    # On a cluster the policies of this process are none that compute.
    device = "cpu" if declared.compute.type == "ray" else declared.compute.device
    pool = PolicyPool(threads=declared.compute.threads, device=device)
    tracking = Tracking(name, declared.trackers, home() / "trackers")
    return Workspace(name, declared, open_store(url), pool, tracking=tracking)


def materialized(
    artifact: "Artifact", metadata: Mapping[str, Any] | None = None
) -> dg.MaterializeResult:
    """The event of a stage: the content digest as data version, and where everything is."""
    return dg.MaterializeResult(
        data_version=dg.DataVersion(artifact.digest),
        metadata={**artifact_metadata(artifact), **(metadata or {})},
    )


def artifact_metadata(artifact: "Artifact") -> dict[str, Any]:
    """What Dagster shows of every artifact."""
    return {
        "cache": "hit" if artifact.cache_hit else "miss",
        "digest": artifact.digest,
        "fingerprint": artifact.fingerprint,
        "path": dg.MetadataValue.path(artifact.location),
        "bytes": artifact.size,
        **{f"measured/{name}": value for name, value in artifact.manifest.measurements.items()},
    }
