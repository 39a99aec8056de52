"""The definitions that Dagster loads: one asset graph for each experiment folder."""

import os
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import dagster as dg

from assets.automation import dead_run_sensor
from assets.graph import build_definitions
from assets.home import EXPERIMENTS
from assets.naming import declared_files, experiment_name
from assets.warm.sources import Sources
from rlsd_pipeline.components.guarded import raised_in
from rlsd_pipeline.config.experiment import load_experiment
from rlsd_pipeline.errors import ConfigError, RlsdError

VALIDATING = "DAGSTER_IS_DEFS_VALIDATION_CLI"
"""Set by `dg check defs` and `dagster definitions validate`."""

_COLUMNS = 90
"""Characters that a description shows at 1,400 pixels."""

_loaded: dict[Path, tuple[Sources, dg.Definitions]] = {}


@dg.definitions
def defs() -> dg.Definitions:
    """All declared experiments, and what serves them all.

    An experiment that cannot be loaded is an asset of the group `not_loaded` that says why, and
    the others are there. Dagster asks several times a process, which takes it a second each: it
    is given the same again until a file changes.

    Raises:
        ConfigError: An experiment cannot be loaded, when definitions are checked.
    """
    before = _loaded.get(EXPERIMENTS)
    if before is None or before[0].have_changed() or os.environ.get(VALIDATING):
        before = _loaded[EXPERIMENTS] = Sources(EXPERIMENTS), _load()
    return before[1]


def _load() -> dg.Definitions:
    loaded: dict[str, Path] = {}
    found: dict[Path, dg.Definitions] = {}
    failed: dict[Path, str] = {}
    for file in declared_files():
        # A user's code may raise any exception, and one file must not hide the others.
        try:
            name = experiment_name(file)
            if name in loaded:
                raise ConfigError(
                    f"{file}: {loaded[name]} is called {name} as well: rename one of the folders"
                )
            found[file] = build_definitions(name, load_experiment(file), file)
            loaded[name] = file
        except Exception as error:
            failed[file] = _why(file, error)
    together = _together(found, failed)
    if failed and os.environ.get(VALIDATING):
        raise ConfigError("\n".join(failed.values()))
    return together


def _together(found: Mapping[Path, dg.Definitions], failed: dict[Path, str]) -> dg.Definitions:
    """All that Dagster takes together; the rest is noted as failed.

    Dagster resolves a graph once, and keeps it: what it refuses there, such as a circle, it would
    refuse for all experiments.
    """
    merged = _merged(found.values(), failed)
    try:
        _in_order(merged)
    except Exception:
        good: list[dg.Definitions] = []
        for file, definitions in found.items():
            try:
                _in_order(dg.Definitions.merge(*good, definitions))
                good.append(definitions)
            except Exception as error:
                failed[file] = _why(file, error)
        merged = _merged(good, failed)
    return merged


def _in_order(definitions: dg.Definitions) -> Sequence[dg.AssetKey]:
    """All assets, each behind those that it reads; a graph without such an order is refused."""
    return definitions.resolve_asset_graph().toposorted_asset_keys


def _merged(found: Iterable[dg.Definitions], failed: Mapping[Path, str]) -> dg.Definitions:
    served = dg.Definitions(assets=_not_loaded(failed), sensors=[dead_run_sensor()])
    return dg.Definitions.merge(*found, served)


def _why(file: Path, error: Exception) -> str:
    """The error message of the command line."""
    if isinstance(error, RlsdError):
        return str(error)
    if isinstance(error, dg.DagsterError):
        return f"{file}: {error}"
    return raised_in(error, str(file))


def _not_loaded(failed: Mapping[Path, str]) -> list[dg.AssetSpec]:
    """The UI's placeholder for an experiment that cannot be loaded; nothing can be run there."""
    specs = []
    for file, why in failed.items():
        dg.get_dagster_logger().warning("an experiment is not loaded: %s", why)
        place = file.parent.relative_to(EXPERIMENTS)
        text = f"{place} is not loaded, and all other experiments are:\n\n```\n{_wrapped(why)}\n```"
        specs.append(
            dg.AssetSpec(
                # Dagster takes any part of a key but one with a slash.
                dg.AssetKey(["not_loaded", *place.parts]),
                description=f"{text}\n\nCorrect the file, then reload the definitions.",
                group_name="not_loaded",
                kinds={"error"},
                metadata={"file": dg.MetadataValue.path(file)},
            )
        )
    return specs


def _wrapped(message: str) -> str:
    """A message in lines that a description has room for: it cuts a longer one off."""
    return "\n".join(
        textwrap.fill(line, _COLUMNS, break_long_words=False, break_on_hyphens=False)
        for line in message.splitlines()
    )
