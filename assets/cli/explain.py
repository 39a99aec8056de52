"""`rlsd explain`: why a stage would be computed again, or that it is current."""

import click

from assets.cli import experiment_file
from assets.naming import own_name
from rlsd_pipeline.config.experiment import load_experiment
from rlsd_pipeline.errors import RlsdError
from rlsd_pipeline.home import open_store, store_url
from rlsd_pipeline.stages.upkeep.explained import explainable, explanation, stage_called
from rlsd_pipeline.stages.workspace import Workspace


def explain(experiment: str, *, arm: str, iteration: int, stage: str | None) -> None:
    """Print one line a stage."""
    try:
        file = experiment_file(experiment)
        workspace = Workspace(own_name(file), load_experiment(file), open_store(store_url()))
        run = workspace.at(arm, iteration)
        known = explainable(workspace)
        chosen = known if stage is None else {stage: stage_called(workspace, stage)}
        for name, each in chosen.items():
            # Of all, only those that are there are worth a line.
            if stage is not None or workspace.store.intact_ref(run.reference(name)) is not None:
                click.echo(f"{name}: {explanation(run, each)}")
    except RlsdError as error:
        raise click.ClickException(str(error)) from error
