"""`rlsd explain`."""

import click

from assets.cli.parameters import EXPERIMENT, place


@click.command()
@EXPERIMENT
@place("Arm")
@click.option("--stage", help="Only this one, such as rewards or benchmark_scores.greedy.")
def explain(experiment: str, arm: str, iteration: int, stage: str | None) -> None:
    """Say why a stage of EXPERIMENT was computed, or would be computed again.

    "would be computed again" names every field in which the artifact and today's request differ,
    with both values. "took the place of" names those in which it differs from the artifact that was
    there before.
    """
    from assets.naming import experiment_file, own_name
    from rlsd_pipeline.config.experiment import load_experiment
    from rlsd_pipeline.home import open_store, store_url
    from rlsd_pipeline.stages.upkeep.explained import explainable, explanation, stage_called
    from rlsd_pipeline.stages.workspace import Workspace

    file = experiment_file(experiment)
    workspace = Workspace(own_name(file), load_experiment(file), open_store(store_url()))
    run = workspace.at(arm, iteration)
    if stage is not None:
        chosen = {stage: stage_called(workspace, stage)}
    else:
        # Of all, only those that are there are worth a line.
        stored, known = workspace.store.intact_ref, explainable(workspace)
        chosen = {n: each for n, each in known.items() if stored(run.reference(n)) is not None}
    for name, each in chosen.items():
        click.echo(f"{name}: {explanation(run, each)}")
    if not chosen:
        click.echo(f"nothing of {arm}, iteration {iteration}, is stored in {store_url()}")
