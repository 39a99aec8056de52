"""Bias and noise of the methods' gradients on the demo: a table of docs/credit.md.

    python -m benchmarks.gradient_signal [--record docs/records/credit-gradients.json]

It reads the store of `easy_vqa` (after `make demo`), and measures what that lacks, in some five
minutes of a processor.
"""

import argparse
from collections.abc import Iterator

from benchmarks.fidelity_tables import ARM, EXPERIMENT, code
from benchmarks.records import Cell, add_record, measured, write
from rlsd_pipeline.opened import open_experiment
from rlsd_pipeline.stages.comparison.gradient_comparison import GradientComparisonStage
from rlsd_pipeline.stages.comparison.larger_batch import make_batch
from rlsd_pipeline.stages.comparison.token_values import TokenValuesStage
from rlsd_pipeline.stages.comparison.weighting_comparison import WeightingComparisonStage
from rlsd_pipeline.stages.workspace import StageRun
from schemas import GradientComparison, Interval, WeightingComparison

ITERATION, PROMPTS = 10, 256

SHOWN = ("grpo_opsd", "rlsd", "grpo", "ktae", "opsd", "sdpo", "sft", "rlsd, as printed",
         "surprisal", "prefix_tree, branches only")  # fmt: skip
"""Methods of the table; its first row is the reference, the gradient of the true advantages."""

BOUNDED = "{:.2f} [{:.2f}, {:.2f}]"
COLUMNS = (
    ("method", "{}"),
    ("cosine with the true gradient", BOUNDED),
    ("signal share", BOUNDED),
    ("prompts for a half", "{:.0f}"),
    (f"fidelity, {PROMPTS} problems", BOUNDED),
)


def main() -> None:
    """Print the table, and keep it if `--record FILE` says so."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_record(parser)
    given = parser.parse_args()
    run = make_batch(open_experiment(EXPERIMENT).workspace.at(ARM, ITERATION), PROMPTS)
    for stage in (TokenValuesStage, WeightingComparisonStage, GradientComparisonStage):
        run.make(stage)
    place = f"{EXPERIMENT} --arm {ARM} --iteration {ITERATION} --prompts {PROMPTS}"
    command = f"rlsd compare {place} --gradients"
    record = measured(command, COLUMNS, list(table_rows(run)), leading_zero=False)
    print(record.block())
    if given.record:
        write(given.record, record)


def table_rows(run: StageRun) -> Iterator[list[Cell]]:
    """The reference, then the methods.

    Args:
        run: Has both comparisons.
    """
    signal = run.read(GradientComparisonStage.name).record(GradientComparison).signal
    fidelity = run.read(WeightingComparisonStage.name).record(WeightingComparison).fidelity
    assert signal
    assert fidelity
    known = {one.method: one.value for one in fidelity.methods}
    *_, reference = signal.methods
    yield ["true advantage", "1", _ends(reference.share), reference.prompts_needed, "1"]
    found = {one.method: one for one in signal.methods}
    for name in SHOWN:
        one = found[name]
        bounds = [_ends(each) for each in (one.cosine, one.share)]
        yield [code(name), *bounds, one.prompts_needed, _ends(known[name])]


def _ends(found: Interval | None) -> Cell:
    return "–" if found is None else (found.value, found.low, found.high)


if __name__ == "__main__":
    main()
