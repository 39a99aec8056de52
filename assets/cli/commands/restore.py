"""`rlsd restore`."""

import click

from assets.cli.parameters import EXPERIMENT, place


@click.command()
@EXPERIMENT
@place("Arm of the policy", "Its updates.")
def restore(experiment: str, arm: str, iteration: int) -> None:
    """Compute again the files of a policy that `rlsd gc` deleted."""
    from assets.cli.gc import in_bytes
    from assets.cli.train import open_loop
    from rlsd_pipeline.stages.upkeep.restore import missing_updates, restore_policy

    with open_loop(experiment) as (loop, display):
        policy = loop.workspace.at(arm, iteration)
        updates = missing_updates(policy)
        display.say(f"{arm}: {len(updates)} updates to compute again")
        artifact = restore_policy(policy)
        size = in_bytes(artifact.size)
        display.say(f"{artifact.location}  {size}, digest {artifact.digest[:12]}")
