"""The `token_values` asset: the values of an iteration's states."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import dagster as dg

from assets.declared import Declared
from assets.stages.cells import number, numbers, table_of_rows
from assets.stages.stage_asset import iteration_asset, shown_by
from rlsd_pipeline.stages.comparison.token_values import TokenValuesStage

if TYPE_CHECKING:
    import pyarrow as pa

    from rlsd_pipeline.artifacts import Artifact
    from rlsd_pipeline.stages.workspace import StageRun

_SHOWN = 8
"""Responses of a table; all of them are in the artifact."""


def build(declared: Declared) -> Iterator[dg.AssetsDefinition]:
    """Values of the states of an iteration's rollouts."""
    yield iteration_asset(declared, declared.stage(TokenValuesStage), made)


def _page(run: "StageRun", artifact: "Artifact") -> dict[str, Any]:
    from schemas import TokenValues

    table = artifact.table(TokenValues)
    found = numbers(run.stage(TokenValuesStage).metrics(artifact))
    return {**found, "rows": len(table), "first_states": _first_states(table)}


made = shown_by(_page)


def _first_states(table: "pa.Table") -> dg.TableMetadataValue:
    """The course of the values of the first valued responses, on a line each."""
    from rlsd_pipeline.report.collected.sparklines import sparkline

    rows = [
        {
            "rollout": row["rollout_id"],
            # A page would fold it, a sign a line.
            "value": sparkline(_values(row)).replace(" ", "\u00a0"),
            "reward": number(row["reward"]),
            "states": len(row["places"]),
            "largest standard error": number(max(row["standard_errors"])),
            "after tokens": _stretches(row["places"]),
        }
        for row in table.to_pylist()
        if row["places"]
    ]
    return table_of_rows(rows[:_SHOWN])


def _values(row: dict[str, Any]) -> list[float]:
    return list(map(_mean, _pairs(row, "values"), _pairs(row, "counts")))


def _pairs(row: dict[str, Any], what: str) -> Iterator[tuple[float, float]]:
    return zip(row[f"first_{what}"], row[f"second_{what}"], strict=True)


def _mean(values: tuple[float, float], counts: tuple[float, float]) -> float:
    """The mean over all continuations of a state, of both halves."""
    total = sum(counts)
    return sum(v * n for v, n in zip(values, counts, strict=True)) / total if total else 0.0


def _stretches(places: Sequence[int]) -> str:
    """`0 to 3, 7`: those that follow one another by their ends."""
    found: list[list[int]] = []
    for place in places:
        if found and place == found[-1][-1] + 1:
            found[-1].append(place)
        else:
            found.append([place])
    return ", ".join(f"{of[0]} to {of[-1]}" if len(of) > 1 else f"{of[0]}" for of in found)
