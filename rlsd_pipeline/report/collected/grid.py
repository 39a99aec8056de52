"""Finds the arms that make a grid of λ and ε_w, and what came out in each cell."""

from collections.abc import Iterator, Mapping

from rlsd_pipeline.artifacts.fingerprint import json_digest
from rlsd_pipeline.config.experiment import Arm, ExperimentConfig
from rlsd_pipeline.report.charts import Grid, GridMap
from rlsd_pipeline.report.comparison import Comparison
from rlsd_pipeline.report.method_table import interval_meaning
from rlsd_pipeline.statistics.intervals import within
from rlsd_pipeline.tables.numbers import Bounded, ends_of
from rlsd_pipeline.tables.results import by_name
from rlsd_pipeline.weighting.rlsd import RLSD
from schemas import Interval, Results

Cells = Mapping[tuple[float, float], str]
"""λ and ε_w -> method."""


def grids(
    experiment: ExperimentConfig, table: Results | None, compared: Comparison | None
) -> tuple[Grid, ...]:
    """A grid a benchmark, for every set of arms that differ in λ and ε_w alone.

    Args:
        experiment: Declares the arms.
        table: Their scores.
        compared: Their fidelities on shared rollouts.
    """
    if table is None:
        return ()
    return tuple(
        Grid(
            name=benchmark,
            mixes=tuple(sorted({mix for mix, _ in cells})),
            clips=tuple(sorted({clip for _, clip in cells})),
            # Fidelity is of no benchmark, so it stands in the first grid alone.
            maps=tuple(_maps(cells, benchmark, table, None if place else compared)),
        )
        for cells in grid_cells(experiment)
        for place, benchmark in enumerate(by_name(table.lines))
    )


def grid_cells(experiment: ExperimentConfig) -> list[Cells]:
    """The sets of methods that fill a grid of at least two λ and two ε_w, and differ in no more."""
    alike: dict[str, dict[tuple[float, float], str]] = {}
    for method, arms in experiment.methods().items():
        weighting = arms[0].weighting
        if isinstance(weighting, RLSD):
            cells = alike.setdefault(_rest(arms[0], weighting), {})
            cells[weighting.mix, weighting.clip] = method
    return [cells for cells in alike.values() if _is_grid(cells)]


def _rest(arm: Arm, weighting: RLSD) -> str:
    """What an arm is beside λ and ε_w."""
    kept = weighting.model_dump(mode="json", exclude={"mix", "clip"})
    names = {"teacher", "privileged", "update", "advantages"}
    return json_digest(arm.model_dump(mode="json", include=names) | {"weighting": kept})


def _is_grid(cells: Cells) -> bool:
    mixes, clips = {mix for mix, _ in cells}, {clip for _, clip in cells}
    return min(len(mixes), len(clips)) > 1 and len(cells) == len(mixes) * len(clips)


def _maps(
    cells: Cells, benchmark: str, table: Results, compared: Comparison | None
) -> Iterator[GridMap]:
    lines = {line.method: line for line in by_name(table.lines)[benchmark]}
    seeds = sorted({len(lines[name].seeds) for name in cells.values() if name in lines})
    of = f"{' or '.join(map(str, seeds))} seeds a cell; intervals are {interval_meaning(table)}."
    yield GridMap(
        name=f"accuracy minus {table.compared_with}: {benchmark}",
        baseline=0,
        better="higher",
        cells=_filled(cells, {name: line.difference for name, line in lines.items()}),
        meaning=f"Accuracy at the end, paired over seeds; {of}",
    )
    mentions = {name: line.mentions for name, line in lines.items()}
    base = mentions.get(table.compared_with)
    yield GridMap(
        name=f"mentions of a reference: {benchmark}",
        baseline=base and base.value,
        better="lower",
        cells=_filled(cells, mentions),
        meaning=f"Share of the responses at the end; {of}{_beside(base, table)}",
    )
    if compared and compared.fidelity:
        known = {one.method: one.value for one in compared.fidelity}
        base = known.get(table.compared_with)
        yield GridMap(
            name="fidelity of the credit",
            baseline=base and base.value,
            better="higher",
            cells=_filled(cells, known),
            meaning=compared.fidelity_meaning + _beside(base, table),
        )


def _filled(
    cells: Cells, found: Mapping[str, Bounded | None]
) -> tuple[tuple[Interval | None, ...], ...]:
    mixes, clips = (sorted(set(axis)) for axis in zip(*cells, strict=True))
    return tuple(tuple(_plain(found.get(cells[mix, clip])) for mix in mixes) for clip in clips)


def _plain(found: Bounded | None) -> Interval | None:
    """The interval alone, without the test that a difference has; None if nothing bounds it."""
    if found is None or ends_of(found) is None:
        return None
    return within(found.value, (found.low, found.high))


def _beside(base: Bounded | None, table: Results) -> str:
    return "" if base is None else f" {table.compared_with}: {base.value:.3f}."
