"""`rlsd export`: a table, or the per-token advantages of a method, as a file of another tool."""

from pathlib import Path
from typing import Any

from assets.cli.progress import console
from assets.cli.train import open_loop
from rlsd_pipeline.exports.written import write_table
from rlsd_pipeline.opened import OpenExperiment


def export(
    experiment: str,
    what: str,
    *,
    arm: str | None,
    iteration: int,
    record: str | None,
    method: str,
    form: Any,
    out: Path,
) -> None:
    """Write what is asked."""
    with open_loop(experiment) as (loop, _):
        opened = OpenExperiment(loop.workspace, loop.file)
        if what == "advantages":
            run = opened.at(arm, iteration)
            loop.compare(run.arm.name, iteration)
            table = opened.advantages(method, arm, iteration, form)
        else:
            table = opened.table(what, arm, iteration, record)
        write_table(table.arrow, out)
    console().print(f"{out}: {len(table):,} rows", highlight=False, soft_wrap=True)
