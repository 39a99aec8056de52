"""`rlsd status`: how far every arm is, from the store alone."""

import click
from rich.table import Table

from assets.cli import experiment_file
from assets.cli.progress import console
from assets.home import store_url
from rlsd_pipeline.artifacts import ArtifactStore
from rlsd_pipeline.config.experiment import ExperimentConfig, load_experiment
from rlsd_pipeline.errors import RlsdError
from schemas import BenchmarkScore, PolicyCheckpoint


def status(experiment: str) -> None:
    """Print one line an arm."""
    try:
        file = experiment_file(experiment)
        console().print(_table(file.parent.name, load_experiment(file)))
    except RlsdError as error:
        raise click.ClickException(str(error)) from error


def _table(name: str, experiment: ExperimentConfig) -> Table:
    store = ArtifactStore(store_url())
    table = Table(title=f"{name}  ({store_url()})")
    for column in ("arm", "updates", "of", "loss", "newest policy"):
        table.add_column(column)
    benchmarks = [benchmark.name for benchmark in experiment.evaluation.benchmarks]
    for benchmark in benchmarks:
        table.add_column(benchmark)
    for arm in experiment.lineages():
        places = [f"{name}/{arm}/{k:03d}" for k in range(experiment.iterations, -1, -1)]
        policy = next((p for place in places if (p := store.ref(f"{place}/policy"))), None)
        if policy is None:
            table.add_row(arm, "-", str(experiment.iterations), "-", "not started")
            continue
        checkpoint = policy.record(PolicyCheckpoint)
        loss = checkpoint.metrics.get("loss")
        table.add_row(
            arm,
            str(checkpoint.updates),
            str(experiment.iterations),
            "-" if loss is None else f"{loss:.4f}",
            policy.digest[:12],
            *(_score(store, places, benchmark) for benchmark in benchmarks),
        )
    return table


def _score(store: ArtifactStore, places: list[str], benchmark: str) -> str:
    for place in places:
        artifact = store.ref(f"{place}/benchmark_scores.{benchmark}")
        if artifact is not None:
            score = artifact.record(BenchmarkScore)
            interval = rf"\[{score.interval_low:.3f}, {score.interval_high:.3f}]"
            return f"{score.score:.3f} {interval} at {score.updates}"
    return "-"
