"""The `token_values` asset: the values of an iteration's states."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import dagster as dg

from assets.declared import Declared
from assets.stages.cells import digits, numbers
from assets.stages.stage_asset import iteration_asset, shown_by
from rlsd_pipeline.stages.comparison.token_values import TokenValuesStage

if TYPE_CHECKING:
    import pyarrow as pa

    from rlsd_pipeline.artifacts import Artifact
    from rlsd_pipeline.stages.workspace import StageRun

_SHOWN = 4
"""Responses of the list; all of them are in the artifact."""


def build(declared: Declared) -> Iterator[dg.AssetsDefinition]:
    """Values of the states of an iteration's rollouts."""
    yield iteration_asset(declared, declared.stage(TokenValuesStage), made)


def _page(run: "StageRun", artifact: "Artifact") -> dict[str, Any]:
    from schemas import TokenValues

    table = artifact.table(TokenValues)
    found = numbers(run.stage(TokenValuesStage).metrics(artifact))
    return {**found, "rows": len(table), "first_states": _first_states(table)}


made = shown_by(_page)


def _first_states(table: "pa.Table") -> dg.MarkdownMetadataValue:
    """The course of the values of the first valued responses, an item of a list each.

    A curve of 24 signs leaves the columns of a table no place.
    """
    from rlsd_pipeline.report.collected.sparklines import sparkline

    items = [
        f"- **{row['rollout_id']}**: `{sparkline(_values(row))}`, reward {digits(row['reward'])}; "
        f"{len(row['places'])} states, after tokens {_stretches(row['places'])}; "
        f"standard error at most {digits(max(row['standard_errors']))}"
        for row in table.to_pylist()
        if row["places"]
    ]
    return dg.MetadataValue.md("\n".join(items[:_SHOWN]))


def _values(row: dict[str, Any]) -> list[float]:
    """The mean over all continuations of each state, of both halves."""
    names = ("first_values", "second_values", "first_counts", "second_counts")
    states = zip(*(row[name] for name in names), strict=True)
    return [(v * n + w * m) / (n + m) if n + m else 0.0 for v, w, n, m in states]


def _stretches(places: Sequence[int]) -> str:
    """`0 to 3, 7`: those that follow one another by their ends."""
    found: list[list[int]] = []
    for place in places:
        if found and place == found[-1][-1] + 1:
            found[-1].append(place)
        else:
            found.append([place])
    return ", ".join(f"{of[0]} to {of[-1]}" if len(of) > 1 else f"{of[0]}" for of in found)
