"""Explains whether a stage would be computed again, and why: the answer of `rlsd explain`."""

from collections.abc import Iterator

from rlsd_pipeline.artifacts import Artifact
from rlsd_pipeline.config.strict import nearest
from rlsd_pipeline.errors import ConfigError, RlsdError
from rlsd_pipeline.stages.evaluation.benchmark_items import BenchmarkItemsStage
from rlsd_pipeline.stages.evaluation.benchmark_scores import BenchmarkScoresStage
from rlsd_pipeline.stages.iteration.policy import PolicyStage
from rlsd_pipeline.stages.iteration.policy_checkpoint import PolicyCheckpointStage
from rlsd_pipeline.stages.registry import STAGES
from rlsd_pipeline.stages.stage import Stage
from rlsd_pipeline.stages.upkeep.earlier import standing
from rlsd_pipeline.stages.upkeep.kept import Kept
from rlsd_pipeline.stages.upkeep.reasons import behind, differences_here
from rlsd_pipeline.stages.upkeep.settings import Setting, settings_text
from rlsd_pipeline.stages.workspace import StageRun, Workspace


def explainable(workspace: Workspace) -> dict[str, Stage]:
    """The stages whose artifact a reference names, by their full names."""
    evaluation = workspace.experiment.evaluation
    stages: list[Stage] = [BenchmarkItemsStage(benchmark=each) for each in evaluation.public]
    several = {BenchmarkItemsStage.name, BenchmarkScoresStage.name, "benchmark_responses"}
    stages += [workspace.stage(kind) for name, kind in STAGES.items() if name not in several]
    stages += [BenchmarkScoresStage(benchmark=each) for each in evaluation.benchmarks]
    return {stage.full_name: stage for stage in stages}


def stage_called(workspace: Workspace, name: str) -> Stage:
    """The stage of a full name, such as `rewards` or `benchmark_scores.greedy`.

    Raises:
        ConfigError: The experiment has no such stage.
    """
    known = explainable(workspace)
    if name not in known:
        raise ConfigError(f"no stage {name!r}: {nearest(name, sorted(known), 'stages')}")
    return known[name]


def explanation(run: StageRun, stage: Stage) -> str:
    """Whether a stage would make the same artifact now, and if not, what differs.

    Where it is, what it differs in from the one that was here before it.
    """
    place = Kept.of(run)
    here = place.kept(stage.full_name)
    if here is None:
        return "not made yet"
    try:
        changed = _changed(place, stage, here)
    except RlsdError as error:
        return f"cannot be made again: {error}"
    if changed:
        return f"would be computed again: {settings_text(changed, most=None)}"
    return "; ".join(["current", *_descent(place, stage), *_former(place, stage, here)])


def _changed(place: Kept, stage: Stage, here: Artifact) -> list[Setting]:
    if stage.name != PolicyStage.name or place.iteration == 0:
        return differences_here(place, here.manifest, stage.request(place))
    published = place.read(PolicyCheckpointStage.name, place.iteration - 1)
    if published.digest == here.digest:
        return []
    return [Setting(PolicyCheckpointStage.name, here.digest[:12], published.digest[:12])]


def _descent(place: Kept, stage: Stage) -> Iterator[str]:
    """The reasons why something further up would be made otherwise now."""
    if stage.scope == "experiment":
        return
    found = standing(place.workspace, place.arm.name)
    if found.changed and found.current < place.iteration:
        yield (
            f"but it descends from iteration {found.current:03d}, which would be computed again: "
            f"{settings_text(found.changed)}"
        )
    elif stage.scope == "iteration" and stage.name in (above := behind(place)):
        first, changed = next(iter(above.items()))
        yield f"but {first}, which it descends from, would be computed again: " + settings_text(
            changed
        )


def _former(place: Kept, stage: Stage, here: Artifact) -> Iterator[str]:
    """How it differs from what its reference meant before."""
    try:
        former = next(place.workspace.store.former(place.reference(stage.full_name)), None)
    except RlsdError:
        return
    if former is not None:
        changed = settings_text(differences_here(place, former.manifest, here.manifest), most=None)
        yield f"it took the place of {former.digest[:12]}: {changed}"
