"""`rlsd status`: the progress of every arm, from the store alone."""

import shlex
from collections.abc import Iterable, Iterator, Mapping

from assets.cli.fitted import show
from assets.cli.progress import say
from assets.naming import experiment_file, own_name
from rlsd_pipeline.artifacts import ArtifactStore
from rlsd_pipeline.config.experiment import load_experiment
from rlsd_pipeline.home import open_store, store_url
from rlsd_pipeline.stages.upkeep.earlier import Standing, earlier_notes, standing
from rlsd_pipeline.stages.upkeep.former_policies import (
    former_policy_notes,
    of_former_policies,
)
from rlsd_pipeline.stages.workspace import Workspace
from rlsd_pipeline.tables.table import Cell, Table, table_of_cells, text
from schemas import BenchmarkScore, PolicyCheckpoint, Reward


def status(experiment: str) -> None:
    """Print one line an arm."""
    file = experiment_file(experiment)
    workspace = Workspace(own_name(file), load_experiment(file), open_store(store_url()))
    show(_table(workspace))
    arms = {arm: standing(workspace, arm) for arm in workspace.experiment.lineages()}
    former = of_former_policies(workspace, arms)
    notes = [*earlier_notes(workspace, arms), *former_policy_notes(former)]
    last = workspace.experiment.iterations
    say(*notes, *_ways_out(experiment, last, arms, former))


def _ways_out(
    experiment: str, last: int, arms: Mapping[str, Standing], former: Iterable[str]
) -> Iterator[str]:
    """The commands that redo, in order, as many updates as each arm has had, or evaluate anew."""
    for updates in dict.fromkeys(found.updates for found in arms.values()):
        behind = [
            arm
            for arm, found in arms.items()
            if found.updates == updates and updates and found.current < updates
        ]
        so_far = [] if updates == last else [f"--iterations {updates}"]
        if behind:
            command = _command(experiment, behind, arms, so_far)
            firsts = {arms[arm].current for arm in behind}
            yield f"redo from iteration {min(firsts)} on, in order: {command}"
        if scored := [arm for arm in former if arms[arm].updates == updates]:
            yield f"evaluate anew, without training: {_command(experiment, scored, arms, so_far)}"


def _command(
    experiment: str, chosen: list[str], arms: Mapping[str, Standing], so_far: list[str]
) -> str:
    """The training of some arms, which computes only what is missing."""
    named = [] if len(chosen) == len(arms) else [f"--arm {arm}" for arm in chosen]
    return " ".join(["rlsd train", shlex.quote(experiment), *named, *so_far])


def _table(workspace: Workspace) -> Table:
    name, experiment, store = workspace.name, workspace.experiment, workspace.store
    benchmarks = [benchmark.name for benchmark in experiment.evaluation.benchmarks]
    columns = ("arm", "updates", *benchmarks, "reward", "newest policy")
    rows: list[list[Cell]] = []
    blind: dict[str, float] = {}
    for arm in experiment.lineages():
        places = {k: f"{name}/{arm}/{k:03d}" for k in range(experiment.iterations, -1, -1)}
        policies = ((k, store.ref(f"{place}/policy")) for k, place in places.items())
        at, policy = next(((k, policy) for k, policy in policies if policy), (0, None))
        if policy is None:
            imported = next((p for p in places.values() if store.ref(f"{p}/rollouts")), None)
            reward = _reward(store, imported)
            state = "not started" if imported is None else "imported rollouts"
            rows.append([arm, None, *(None for _ in benchmarks), reward, state])
            continue
        updates, state = policy.record(PolicyCheckpoint).updates, policy.digest[:12]
        reward = _reward(store, places[at - 1] if at else None)
        if updates == 0 and (imported := _imported(store, places.values())) is not None:
            reward, state = _reward(store, imported), f"{state}, imported rollouts"
        scores = {each: _score(store, places.values(), each) for each in benchmarks}
        blind |= {
            each: score.blind_baseline
            for each, score in scores.items()
            if score is not None and score.blind_baseline is not None
        }
        shown = (_written(score, at) for score in scores.values())
        rows.append([arm, f"{updates} of {experiment.iterations}", *shown, reward, state])
    told = ", ".join(f"{score:.3f} on {each}" for each, score in blind.items())
    notes = [f"answering blind: {told}"] if blind else []
    return table_of_cells(f"{name}  ({store_url()})", columns, rows, notes, form=".3f")


def _imported(store: ArtifactStore, places: Iterable[str]) -> str | None:
    """The place whose rollouts no policy of ours has sampled."""
    for place in places:
        rollouts = store.ref(f"{place}/rollouts")
        if rollouts is not None and "policy" not in rollouts.manifest.inputs:
            return place
    return None


def _reward(store: ArtifactStore, place: str | None) -> float | None:
    """Mean reward of the rollouts that the newest policy was trained on."""
    artifact = None if place is None else store.ref(f"{place}/rewards")
    if artifact is None:
        return None
    rewards = artifact.table(Reward, ["reward"])["reward"].drop_null().to_pylist()
    return sum(rewards) / len(rewards) if rewards else None


def _score(store: ArtifactStore, places: Iterable[str], benchmark: str) -> BenchmarkScore | None:
    """The newest of an arm."""
    for place in places:
        artifact = store.ref(f"{place}/benchmark_scores.{benchmark}")
        if artifact is not None:
            return artifact.record(BenchmarkScore)
    return None


def _written(score: BenchmarkScore | None, updates: int) -> str | None:
    """A score with its interval; names its policy where that is not the newest."""
    if score is None:
        return None
    of = "" if score.updates == updates else f" at {score.updates}"
    return f"{text(score.interval)}{of}"
