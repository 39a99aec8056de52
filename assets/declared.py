"""One declared experiment for its assets: keys, partitions, and the process's workspace."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import dagster as dg

from assets.naming import take_name
from assets.partitions import partitions, same_iteration, split_key
from assets.recovery import claim
from assets.stages.cells import digits
from rlsd_pipeline.components.component import identity
from rlsd_pipeline.config.experiment import Arm, ExperimentConfig
from rlsd_pipeline.home import ROOT, home, open_store, store_url
from rlsd_pipeline.stages.registry import stage_of
from rlsd_pipeline.stages.stage import Scope, Stage

if TYPE_CHECKING:
    from rlsd_pipeline.artifacts import Artifact
    from rlsd_pipeline.stages.workspace import StageRun, Workspace


_OWN = "implementation"
"""Key of a manifest that identifies a user's code of the stage."""

_SHOWN = 12
_DIGEST = re.compile("[0-9a-f]{64}")

S = TypeVar("S", bound=Stage)


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
        if self.experiment.compute.run_cluster is None:
            return None
        return self.key("ray_cluster").to_python_identifier()

    def stage(self, stage: type[S]) -> S:
        """The object of a stage that the experiment declares, or the stage's own."""
        return self.experiment.stages.of(stage)

    def asset(self, stage: Stage) -> dict[str, Any]:
        """The declaration of a stage's asset, from the stage's own description."""
        upstream = stage.upstream(self.experiment)
        return self.whole_asset(stage.full_name, stage.description, upstream) | {
            "deps": [self._dependency(stage, name) for name in upstream],
            "partitions_def": self._partitions[stage.scope],
            "required_resource_keys": self._resources(stage),
        }

    def whole_asset(self, name: str, description: str, deps: Iterable[str]) -> dict[str, Any]:
        """The declaration that all assets share; unpartitioned ones have nothing else."""
        return {
            "key": self.key(name),
            "description": description,
            "deps": [self.key(dep) for dep in deps],
            "code_version": self.version(name),
            "group_name": self.name,
            "metadata": {"declared in": self._shown_file} if self.file else {},
        }

    @property
    def _shown_file(self) -> str:
        """The YAML that declares the experiment, from the checkout where it lies in there."""
        assert self.file is not None
        inside = self.file.is_relative_to(ROOT)
        return str(self.file.relative_to(ROOT) if inside else self.file)

    @property
    def _partitions(self) -> dict[Scope, dg.PartitionsDefinition | None]:
        return {"experiment": None, "policy": self.policies, "iteration": self.iterations}

    def _resources(self, stage: Stage) -> set[str]:
        return {self.run_cluster_key} if stage.computes and self.run_cluster_key else set()

    @cached_property
    def _arms(self) -> dict[str, Arm]:
        return self.experiment.lineages()

    def _dependency(self, stage: Stage, name: str) -> dg.AssetDep:
        known = stage_of(name)
        if known is not None and (known.scope, stage.scope) == ("policy", "iteration"):
            return dg.AssetDep(self.key(name), partition_mapping=same_iteration())
        reading = [arm for arm, declared in self._arms.items() if stage.needs(name, declared)]
        if len(reading) < len(self._arms):
            return dg.AssetDep(self.key(name), partition_mapping=same_iteration(reading))
        return dg.AssetDep(self.key(name))

    def version(self, stage: str) -> str:
        """Version of the asset: it changes with the stage's code or its part of the experiment.

        The arms' own parts are left out: declaring another arm makes no other arm stale. They
        still decide the fingerprint, so a stage that is asked for is never wrongly reused.
        """
        known = stage_of(stage)
        if known is None:
            return "1"
        parts = self._parts(known)
        digest = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
        return f"{known.version}-{digest[:8]}"

    def made(self, stage: str, artifact: "Artifact") -> bool:
        """Whether an artifact is of this version of its stage, by its manifest."""
        known = stage_of(stage)
        if known is None:
            return False
        parts = self._parts(known)
        config = artifact.manifest.config
        if (_OWN in config) != (_OWN in parts):
            return False
        return artifact.manifest.code_version == known.version and all(
            name in config and config[name] == value for name, value in parts.items()
        )

    def _parts(self, stage: type[Stage]) -> dict[str, Any]:
        """The parts of the experiment that decide its results and are the same for all arms."""
        declared = getattr(self.experiment.stages, stage.name, None)
        decided_by = stage.decided_by if declared is None else declared.decided_by
        own = {} if declared is None else declared.implementation()
        return own | (identity(self.experiment, *decided_by) if decided_by else {})

    def workspace(self) -> "Workspace":
        """The experiment's workspace in this process; policies stay in memory between stages."""
        return _workspace(self.name, self.experiment.model_dump_json(), store_url())

    def claim(self, context: dg.AssetExecutionContext | dg.OpExecutionContext) -> None:
        """Record this process on the run, and the experiment's file as the one of its name.

        Raises:
            ConfigError: Another file has the name in this home.
        """
        claim(context)
        if self.file is not None:
            take_name(self.file)

    def at(self, context: dg.AssetExecutionContext, **options: Any) -> "StageRun":
        """The stage run of the materialized partition's arm and iteration."""
        from rlsd_pipeline.tracking.tracker import require_packages

        self.claim(context)
        if not context.has_partition_key:
            return self.workspace().whole(**options)
        require_packages(self.experiment.trackers)
        arm, iteration = split_key(context.partition_key)
        return self.workspace().at(arm, iteration, **options)


@cache
def _workspace(name: str, experiment: str, url: str) -> "Workspace":
    from rlsd_pipeline.stages.workspace import Workspace
    from rlsd_pipeline.tracking.tracking import Tracking

    declared = ExperimentConfig.model_validate_json(experiment)
    tracking = Tracking(name, declared.trackers, home() / "trackers")
    return Workspace(name, declared, open_store(url), tracking=tracking)


def materialized(
    artifact: "Artifact", metadata: Mapping[str, Any] | None = None
) -> dg.MaterializeResult:
    """The event of a stage: the content digest as data version, and where everything is."""
    return dg.MaterializeResult(
        data_version=dg.DataVersion(artifact.digest),
        metadata={**in_words(metadata or {}), **artifact_metadata(artifact)},
    )


def artifact_metadata(artifact: "Artifact") -> dict[str, Any]:
    """The metadata that Dagster shows of every artifact."""
    draw = artifact.manifest.seeds.get("draw")
    return in_words(
        {
            **({"why": artifact.why} if artifact.why else {}),
            "cache": "hit" if artifact.cache_hit else "miss",
            **({} if draw is None else {"draw": draw}),
            **{f"measured/{name}": value for name, value in artifact.manifest.measurements.items()},
            "bytes": artifact.size,
            "digest": artifact.digest,
            **_place(artifact),
        }
    )


def _place(artifact: "Artifact") -> dict[str, str]:
    """The store, and the folder in it: a shell completes the star."""
    home, artifacts, folder = artifact.location.rpartition("/artifacts/")
    short = folder.replace(artifact.fingerprint, f"{artifact.fingerprint[:_SHOWN]}*")
    return {"path": short, "store": (home + artifacts).removesuffix("/")}


def in_words(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Numbers as text, in three digits or whole; twelve digits of a digest; names in words.

    Dagster draws every number that stands by itself as one line through the partitions of all
    arms, one arm's last iteration joined to the next one's first. A whole digest and a name with
    underscores have no place to break, so that the ends of all values would lie outside of the
    page.
    """
    return {name.replace("_", " "): _in_words(value) for name, value in metadata.items()}


def _in_words(value: object) -> object:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return digits(value)
    if isinstance(value, str) and _DIGEST.fullmatch(value):
        return value[:_SHOWN]
    return value
