"""Runs the stages of an import one after the other, in this process."""

from __future__ import annotations

from collections.abc import Sequence

from rlsd_pipeline.config.strict import nearest
from rlsd_pipeline.errors import ConfigError
from rlsd_pipeline.imports.stages import RolloutsImport
from rlsd_pipeline.stages.iteration.logprobs import LogprobsStage
from rlsd_pipeline.stages.iteration.policy import PolicyStage
from rlsd_pipeline.stages.iteration.problems import ProblemsStage
from rlsd_pipeline.stages.iteration.rewards import RewardsStage
from rlsd_pipeline.stages.iteration.rollouts import RolloutsStage
from rlsd_pipeline.stages.workspace import StageRun, Workspace


def importing_arms(workspace: Workspace, chosen: Sequence[str]) -> list[str]:
    """The chosen arms, or all that learn from sampled responses.

    Raises:
        ConfigError: There is no such arm.
    """
    lineages = workspace.experiment.lineages()
    known = [name for name, arm in lineages.items() if arm.weighting.responses == "sampled"]
    for name in chosen:
        if name not in known:
            raise ConfigError(f"--arm {name}: {nearest(name, known, 'arms')}")
    return [name for name in known if name in chosen] if chosen else known


def let_base_score(run: StageRun) -> None:
    """Let the base model be the policy of an iteration that has none of its own."""
    store = run.workspace.store
    if store.intact_ref(run.reference("policy")) is None:
        store.set_ref(run.reference("policy"), run.read("policy", 0))


def imported_iterations(workspace: Workspace) -> range:
    """The iterations that the declared import makes.

    Raises:
        ConfigError: The experiment declares no import.
    """
    stage = workspace.stage(RolloutsStage)
    if not isinstance(stage, RolloutsImport):
        raise ConfigError("the experiment declares no `stages.rollouts: {type: import, ...}`")
    return range(stage.first, stage.first + max(len(stage.steps), 1))


def is_scored(run: StageRun) -> bool:
    """Whether a model is declared that scores what is imported here."""
    stage = run.stage(RolloutsStage)
    return isinstance(stage, RolloutsImport) and stage.tokens == "model"


def make_imported(workspace: Workspace, arms: Sequence[str], *, score: bool) -> None:
    """Problems, rollouts and rewards of every imported iteration, and their scores.

    Args:
        workspace: Workspace of an experiment that declares the import.
        arms: Whose; all that learn from sampled responses where none is named.
        score: Whether the declared model scores them.

    Raises:
        ConfigError: The experiment declares no import.
        RlsdError: The log does not fit.
    """
    iterations = imported_iterations(workspace)
    for arm in importing_arms(workspace, arms):
        if score:
            workspace.at(arm, 0).make(PolicyStage)
        for iteration in iterations:
            run = workspace.at(arm, iteration)
            for each in (ProblemsStage, RolloutsStage, RewardsStage):
                run.make(each)
            if score:
                let_base_score(run)
                run.make(LogprobsStage)
