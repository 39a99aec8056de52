"""`rlsd import`."""

from pathlib import Path

import click

from assets.cli.parameters import ARM, EXPERIMENT


@click.command("import")
@EXPERIMENT
@click.option(
    "--from",
    "source",
    nargs=2,
    required=True,
    metavar="FORMAT PATH",
    help="trl, verl, ms_swift, prime_rl, slime, nemo_rl, open_instruct or generic, and the log.",
)
@click.option("--step", "steps", type=int, multiple=True, help="The trainer's step; repeatable.")
@ARM
@click.option("--iteration", type=click.IntRange(min=0), default=0, show_default=True)
@click.option("--model", help="Folder or hub id of the model that tokenizes and scores.")
@click.option(
    "--verify",
    type=click.Choice(["instead", "beside"]),
    is_flag=False,
    flag_value="instead",
    help="Verify again; with `beside` the logged rewards still count.",
)
@click.option("--correct-from", type=float, help="Logged reward that counts as correct.")
@click.option("--option", "pairs", multiple=True, help="NAME=VALUE of the format; repeatable.")
def import_(
    experiment: str,
    source: tuple[str, str],
    steps: tuple[int, ...],
    arms: tuple[str, ...],
    iteration: int,
    model: str | None,
    verify: str | None,
    correct_from: float | None,
    pairs: tuple[str, ...],
) -> None:
    """Import the rollouts of another trainer's log into EXPERIMENT.

    If EXPERIMENT is a YAML file that does not exist, the command writes it, with the import and
    --model declared. Otherwise the log becomes the rollouts and rewards of an iteration, and its
    prompts must be those of the experiment's data set. Nothing of a log is unpickled or run.
    """
    from assets.cli.imports import import_rollouts, options
    from rlsd_pipeline.imports.declaring import ImportRequest

    name, path = source
    request = ImportRequest(
        name, Path(path), options(pairs), steps, iteration, model, verify or "no", correct_from
    )
    import_rollouts(experiment, request, arms)
