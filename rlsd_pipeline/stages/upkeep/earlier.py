"""Finds artifacts that were made by an earlier declaration, and the settings that changed since.

An artifact's manifest holds the settings that it was made with. They are compared with those of
today's request; nothing is computed.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

from pydantic import BaseModel

from rlsd_pipeline.artifacts import Artifact, ArtifactRequest
from rlsd_pipeline.components.component import identity
from rlsd_pipeline.config.teacher import EMATeacher, ModelTeacher
from rlsd_pipeline.errors import ArtifactError, ConfigError, RlsdError
from rlsd_pipeline.stages.evaluation.benchmark_scores import BenchmarkScoresStage
from rlsd_pipeline.stages.iteration.policy import PolicyStage
from rlsd_pipeline.stages.iteration.problems import ProblemsStage
from rlsd_pipeline.stages.iteration.teacher import TeacherModel
from rlsd_pipeline.stages.registry import iteration_of
from rlsd_pipeline.stages.upkeep.kept import Kept
from rlsd_pipeline.stages.upkeep.links import Links, policy_links
from rlsd_pipeline.stages.upkeep.reasons import differences_here
from rlsd_pipeline.stages.upkeep.settings import (
    Setting,
    changed_settings,
    differing,
    is_artifact,
    settings_text,
)
from rlsd_pipeline.stages.workspace import Workspace

_MOST_ARMS = 4
_SPREAD = 8
"""Of a long training, this many iterations and the last are compared setting by setting, and those
of which a stage was made anew; at all others, whether the policy came of the one before."""


class Standing(NamedTuple):
    """How far an arm is, and how far of that today's declaration goes.

    Attributes:
        arm: The arm.
        updates: Updates of the newest policy; None where the arm has not begun.
        current: Iterations from the first that are as declared today.
        changed: What is not; empty where all that is here is as declared.
    """

    arm: str
    updates: int | None
    current: int
    changed: tuple[Setting, ...]


def standing(workspace: Workspace, arm: str) -> Standing:
    """How far an arm is, read from the store alone.

    Raises:
        ConfigError: The experiment declares no such arm.
    """
    start = workspace.at(arm, 0)
    first = Kept(workspace, start.arm, 0)
    links = policy_links(workspace, arm)
    there = sorted(
        (k for k in links.policies if k <= workspace.experiment.iterations), reverse=True
    )
    updates = next((k for k in there if first.kept("policy", k)), None)
    if updates is None:
        return Standing(arm, None, 0, ())
    changed, current = list(_roots(first)), 0
    if not changed:
        current, changed = _first_changed(first, links, updates)
    changed += _scores(first, updates)
    return Standing(arm, updates, current, tuple(dict.fromkeys(changed)))


def earlier_notes(workspace: Workspace, arms: Mapping[str, Standing] | None = None) -> list[str]:
    """One sentence for all arms with the same change; none where all is as declared.

    Args:
        workspace: The experiment.
        arms: How far each arm is, where that is known.
    """
    everyone = list(workspace.experiment.lineages())
    standings = arms or {arm: standing(workspace, arm) for arm in everyone}
    groups: dict[tuple[tuple[Setting, ...], int], list[str]] = defaultdict(list)
    for name, found in standings.items():
        if found.changed:
            groups[found.changed, found.current].append(name)
    return [
        f"{_named(names, everyone)}: {settings_text(changed)}: {_of_what(changed)}"
        f"{f', from iteration {current} on' if current else ''}"
        for (changed, current), names in groups.items()
    ]


def made_again(changed: Collection[Setting]) -> bool:
    """Whether no setting is the reason, but a new draw or computation.

    That another policy teaches is the declaration's doing, unless the policies differ as well.
    """
    names = {setting.name for setting in changed}
    return all(map(is_artifact, changed)) and names != {"teacher"}


def _of_what(changed: Collection[Setting]) -> str:
    if made_again(changed):
        return "what was made of the former is behind"
    return "these are results of the earlier declaration"


def _roots(run: Kept) -> Iterator[Setting]:
    """The data set, and the models that nothing is made of."""
    problems, policy, taught = run.kept("problems"), run.kept("policy", 0), run.kept("teacher")
    teacher, dataset = run.arm.teacher, run.experiment.dataset
    if problems is not None:
        made = run.stage(ProblemsStage)
        yield from _compared("dataset", dataset, problems, lambda: made.request(run))
    if policy is not None:
        base = run.stage(PolicyStage)
        yield from _compared("model", run.base_model, policy, lambda: base.request(run))
    if isinstance(teacher, ModelTeacher) and taught is not None:
        model = teacher.model
        other = TeacherModel(declared=model)
        for setting in _compared("model", model, taught, lambda: other.request(run)):
            yield setting._replace(name=f"teacher.{setting.name}")


def _compared(
    name: str, declared: BaseModel, artifact: Artifact, request: Callable[[], ArtifactRequest]
) -> list[Setting]:
    """The changes of a source; a source that cannot be read now counts as changed."""
    try:
        return changed_settings(artifact, request())
    except ConfigError:
        # The hub is not reached: its commit is unknown, and all other settings can be compared.
        then, now = artifact.manifest.config.get(name), identity(declared)
        found = differing({name: then}, {name: now})
        return [setting for setting in found if setting.name != f"{name}.revision"]
    except RlsdError as error:
        return [Setting(name, "read then", str(error).splitlines()[0])]


def _first_changed(first: Kept, links: Links, updates: int) -> tuple[int, list[Setting]]:
    """The first iteration that is not as declared, and why; the number of updates where all are."""
    wholly = {round(n * (updates - 1) / _SPREAD) for n in range(_SPREAD + 1)} | links.touched
    compared = -1
    for at in range(updates):
        run = replace(first, iteration=at)
        try:
            changed = _iteration(run) if at in wholly else _broken(links, at)
            if changed and at in wholly:
                # The first may lie among those whose settings were not compared.
                for before in range(compared + 1, at):
                    if found := _iteration(replace(first, iteration=before)):
                        return before, found
        except RlsdError:  # An iteration that is not whole is no result of any declaration.
            return at, []
        if changed:
            return at, changed
        compared = at if at in wholly else compared
    return updates, []


def _broken(links: Links, at: int) -> list[Setting]:
    """Whether the next policy was not made of this one.

    Raises:
        ArtifactError: One of the policies is missing.
    """
    policies = links.policies
    if not {at, at + 1} <= policies.keys():
        raise ArtifactError(f"the policy of iteration {at} or of the next one is not here")
    made_of, policy = policies[at + 1].made_of, policies[at].digest
    return list(differing({"policy": made_of}, {"policy": policy}))


def _iteration(run: Kept) -> list[Setting]:
    """The changes at an iteration; changed inputs count only if no setting is the reason.

    Raises:
        RlsdError: A stage's artifact or one of its inputs is missing.
    """
    teacher = run.teacher() if run.arm.reads_teacher else None
    place, stages = run.as_drawn(), [run.stage(stage) for stage in iteration_of(run.arm)]
    requests = {stage.name: stage.request(place) for stage in stages}
    found = _rate(run, teacher) + [
        setting
        for name, request in requests.items()
        for setting in differences_here(run, run.read(name).manifest, request)
    ]
    return [setting for setting in found if not is_artifact(setting)] or found


def _rate(run: Kept, teacher: Artifact | None) -> list[Setting]:
    """The changes of a moving average, which begins as the base model."""
    declared = run.arm.teacher
    if teacher is None or not isinstance(declared, EMATeacher) or run.iteration == 0:
        return []
    changed = differing(teacher.manifest.config, {"rate": declared.rate})
    return [setting._replace(name=f"teacher.{setting.name}") for setting in changed]


def _scores(run: Kept, updates: int) -> list[Setting]:
    """The changes of the benchmarks since the newest evaluation of each."""
    evaluation = run.experiment.evaluation
    scheduled = [updates, *(k for k in range(updates - 1, -1, -1) if k % evaluation.every == 0)]
    found: list[Setting] = []
    for benchmark in evaluation.benchmarks:
        stage = BenchmarkScoresStage(benchmark=benchmark)
        at = next((k for k in scheduled if run.kept(stage.full_name, k)), None)
        if at is not None:
            found += _score(replace(run, iteration=at), stage)
    return found


def _score(run: Kept, stage: BenchmarkScoresStage) -> list[Setting]:
    asked, policy, score = (
        run.kept(name) for name in (stage.benchmark.items, "policy", stage.full_name)
    )
    if asked is None or score is None or policy is None:
        return []
    request = stage.request(run, {"items": asked, "policy": policy})
    return list(differing(score.manifest.config, request.config))


def _named(names: list[str], everyone: list[str]) -> str:
    if len(names) <= _MOST_ARMS:
        return ", ".join(names)
    return "all arms" if len(names) == len(everyone) else f"{names[0]} and {len(names) - 1} others"
