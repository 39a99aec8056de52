"""`rlsd score`."""

from pathlib import Path
from typing import Any

import click


@click.command()
@click.argument("benchmark")
@click.option("--items", type=click.Path(path_type=Path, exists=True), required=True)
@click.option("--predictions", type=click.Path(path_type=Path, exists=True), required=True)
@click.option("--mode", type=click.Choice(["official", "robust"]), default="robust")
@click.option("--split", help="Split of the rows; by default the benchmark's first.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def score(**given: Any) -> None:
    """Score stored responses to BENCHMARK; nothing is generated.

    BENCHMARK is mmmu, mmmu_pro, mathvista, mathvista_published, mathvision, zerobench or wemath.
    A benchmark of your own is `./file.py:Class` or `package.module.Class`.

    --items are the benchmark's rows in their official layout. --predictions are the responses as
    the authors' harness writes them (JSON by id, a JSON list, MMMU's folder of SUBJECT/output.json)
    or JSON lines with `id` and `response`, or with `extraction` if the answer is already extracted.
    """
    from assets.cli.score import score as run

    run(**given)
