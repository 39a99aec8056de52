"""Scores the columns that compared methods read and the arm's own method does not.

They form another table of log-probabilities of the same rollouts, with a reference of its own. The
tables that the arm trains on do not change.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from typing import TYPE_CHECKING

from rlsd_pipeline.credit.columns import ASKED, TEACHER, lacking
from rlsd_pipeline.stages.comparison.compared_methods import compared_methods
from rlsd_pipeline.stages.comparison.unscored import (
    NO_IMPORTED_TEACHER,
    NO_STUDENT,
    NOTHING_TO_TELL,
)
from rlsd_pipeline.stages.iteration.logprobs import LogprobsStage
from rlsd_pipeline.stages.stage import plain
from rlsd_pipeline.weighting.grpo import GRPO
from rlsd_pipeline.weighting.method import NO_TEACHER, why_lacking

if TYPE_CHECKING:
    from rlsd_pipeline.artifacts import Artifact
    from rlsd_pipeline.stages.comparison.counterfactual import Counterfactual
    from rlsd_pipeline.stages.workspace import StageRun

NAME = "columns"


def with_columns(run: StageRun) -> Counterfactual:
    """The place as if its arm asked for every column that a compared method reads."""
    from rlsd_pipeline.stages.comparison.counterfactual import Counterfactual

    read = {name for method in compared_methods(run).values() for name in method.columns}
    asked = (read & {TEACHER, *ASKED}) - run.arm.columns
    # A method that asks for nothing itself, and keeps no distribution of a teacher.
    arm = run.arm.model_copy(update={"weighting": GRPO(), "also_scored": asked})
    return Counterfactual(run.workspace, arm, run.iteration, place=run, change=NAME)


def make_columns(run: StageRun) -> Artifact | None:
    """Score the rollouts of a place for these columns, or take them from the store.

    Returns:
        None where the arm's own tables hold all that the methods read.

    Raises:
        RlsdError: The rollouts are not here, or no model can score them.
    """
    wanted = with_columns(run)
    return LogprobsStage().make(wanted) if wanted.arm.columns else None


def kept_columns(run: StageRun, rollouts: Artifact, logprobs: Artifact | None) -> Artifact | None:
    """The stored further columns of these rollouts by the declared teacher, or None.

    It may lack what a method reads that was not compared then.
    """
    wanted = with_columns(run)
    kept = run.workspace.store.intact_ref(wanted.reference(LogprobsStage.name))
    if kept is None or kept.manifest.inputs.get("rollouts") != rollouts.digest:
        return None
    teachers = {
        artifact.manifest.inputs["teacher"]
        for artifact in (kept, logprobs)
        if artifact is not None and "teacher" in artifact.manifest.inputs
    }
    return kept if len(teachers) < 2 and _is_as_declared(kept, wanted) else None


def _is_as_declared(kept: Artifact, wanted: Counterfactual) -> bool:
    """Whether it was scored with the wording and the contexts that are declared here."""
    stage, then = LogprobsStage(), kept.manifest.config
    now = plain(wanted.experiment, *stage.decided_by) | stage.settings(wanted)
    contexts = then.get("contexts", {})
    declared = plain(wanted.experiment, "contexts")["contexts"]
    names = (then.keys() & now.keys()) - {"columns", "contexts"}
    same = all(then[name] == now[name] for name in names)
    return same and isinstance(contexts, dict) and contexts.items() <= declared.items()


def reason(
    run: StageRun, missing: Iterable[str], logprobs: Artifact | None, more: Artifact | None
) -> str:
    """Why a method is left out whose columns are not there, and what makes them.

    Args:
        run: Where.
        missing: The columns.
        logprobs: The arm's log-probabilities; None where no model scored the rollouts.
        more: What was scored for the comparison.
    """
    names = sorted(missing)
    scores = {TEACHER, *ASKED}
    if not set(names) <= scores:
        return why_lacking(names)
    if logprobs is None:
        return NO_IMPORTED_TEACHER if names == [TEACHER] else NO_STUDENT
    scored = [artifact for artifact in (logprobs, more) if artifact is not None]
    if names == [TEACHER]:
        told = any("privileged" in each.manifest.config for each in scored)
        return NOTHING_TO_TELL if told else _here(run, NO_TEACHER)
    computed = {name for each in scored for name in asked_of(each)}
    if computed.issuperset(names):
        return (
            f"the method needs {', '.join(names)}, and no response here has all of it: a group "
            "needs correct and wrong responses, a problem images"
        )
    return _here(run, lacking(set(names) - computed))


def asked_of(logprobs: Artifact) -> set[str]:
    """The columns that log-probabilities were asked for beside the usual ones."""
    asked = logprobs.manifest.config.get("columns")
    return set(map(str, asked)) if isinstance(asked, list) else set()


def _here(run: StageRun, why: str) -> str:
    """The reason, with the command for this iteration."""
    place = {
        "EXPERIMENT": shlex.quote(run.workspace.name),
        "ARM": run.arm.name,
        "--iteration K": f"--iteration {run.iteration}",
    }
    for word, name in place.items():
        why = why.replace(word, name)
    return why
