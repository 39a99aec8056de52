"""`rlsd gc`: deletes what a store need not keep."""

import re
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence

from assets.cli.fitted import show
from assets.cli.loop import open_instance
from assets.cli.old_logs import History, delete_logs, local_history
from assets.home import dagster_home
from assets.naming import declared_files, experiment_file, experiment_name, known_file, own_name
from rlsd_pipeline.artifacts.garbage import Removal, collect, plan
from rlsd_pipeline.artifacts.inventory import Inventory, take_inventory
from rlsd_pipeline.config.experiment import load_experiment
from rlsd_pipeline.config.retention import CheckpointRetention, RetentionConfig
from rlsd_pipeline.errors import ConfigError
from rlsd_pipeline.home import open_store, store_url
from rlsd_pipeline.stages.upkeep.retention import KEPT_WITH_INPUTS, Retained, droppable
from rlsd_pipeline.tables.table import Table, table_of_cells

_SECONDS = {"m": 60, "h": 3600, "d": 86400}
_SHORTEST = 3600
"""A run that works with an artifact has found it within the last half hour, or has a reference."""


def gc(
    experiment: str | None,
    *,
    older_than: str,
    logs_older_than: str,
    optimizer: str | None,
    checkpoints_every: int | None,
    delete: bool,
) -> None:
    """List the files to delete; delete them on request."""
    before = time.time() - _age(older_than)
    started = time.perf_counter()
    storage = open_store(store_url()).storage
    inventory = take_inventory(storage)
    known = _experiments(experiment, inventory, optimizer, checkpoints_every)
    drops = droppable(storage, inventory, known)
    removals = plan(storage, inventory, drops, before, KEPT_WITH_INPUTS)
    listed = time.perf_counter() - started
    applied = ", ".join(known) or "no experiment"
    artifacts = f"{len(inventory.artifacts):,} artifacts listed in {listed:.1f} s"
    show(_table(removals, inventory), f"{artifacts}; retention of {applied} applied")
    history = _history(logs_older_than)
    if not removals and not (history and history.old):
        return
    if not delete:
        show("nothing is deleted: add --yes to delete it")
        return
    freed = collect(storage, removals, before) if removals else 0
    if history is not None:
        freed += history.old_size
        delete_logs(history)
    show(f"{in_bytes(freed)} freed")


def _history(older_than: str) -> History | None:
    """How large Dagster's history is; None where this home has none."""
    if not (dagster_home() / "history").exists():
        return None
    with open_instance() as instance:
        history = local_history(instance, time.time() - _age(older_than, "--logs-older-than"))
    if history is not None:
        show(
            f"Dagster's history: {history.events:,} events of assets, logs of {history.runs:,} "
            f"runs, {in_bytes(history.size)}; {in_bytes(history.old_size)} of it are logs of "
            f"{len(history.old):,} runs that ended more than {older_than} ago"
        )
    return history


def _experiments(
    chosen: str | None, inventory: Inventory, optimizer: str | None, every: int | None
) -> dict[str, Retained]:
    """The chosen experiment, or all in the checkout that the store knows."""
    stored = {name.partition("/")[0] for name in inventory.refs}
    found: dict[str, Retained] = {}
    for file in [experiment_file(chosen)] if chosen else declared_files():
        name = own_name(file) if chosen else experiment_name(file)
        other = known_file(name)
        # What another file made is not deleted by this one's rule.
        if name in stored and (other is None or other.samefile(file)):
            experiment = load_experiment(file)
            retention = _changed(experiment.retention, optimizer, every)
            found[name] = Retained(experiment, retention)
    return found


def _changed(
    declared: RetentionConfig, optimizer: str | None, every: int | None
) -> RetentionConfig:
    checkpoints = None if every is None else CheckpointRetention(every=every)
    changes = {"optimizer": optimizer, "checkpoints": checkpoints}
    return declared.model_copy(update={k: v for k, v in changes.items() if v is not None})


def _age(text: str, option: str = "--older-than") -> float:
    """Seconds of an age such as `12h`.

    Raises:
        ConfigError: The age is invalid, or so short that a running training could lose artifacts.
    """
    found = re.fullmatch(r"(\d+)([mhd])", text)
    if found is None:
        raise ConfigError(f"{option} {text!r}: give minutes, hours or days, such as 90m or 7d")
    seconds = int(found[1]) * _SECONDS[found[2]]
    if seconds < _SHORTEST:
        raise ConfigError(
            f"{option} {text}: an hour is the least, so that no running training loses what it "
            "works with"
        )
    return seconds


def _table(removals: Sequence[Removal], inventory: Inventory) -> Table:
    heads = ("why", "of", "bytes", "files", "artifacts")
    groups: dict[tuple[str, str], list[Removal]] = defaultdict(list)
    for removal in removals:
        groups[removal.why, removal.owner].append(removal)
    rows = [(why, owner, *_counts(group)) for (why, owner), group in sorted(groups.items())]
    total = ("total", "", *_counts(removals))
    stored = ("stored", "", in_bytes(inventory.size), "", f"{len(inventory.artifacts):,}")
    title = f"garbage in {store_url()}"
    return table_of_cells(title, heads, [*rows, total, stored], keys=2, ruled={len(rows)})


def _counts(removals: Iterable[Removal]) -> tuple[str, str, str]:
    several = list(removals)
    folders = {removal.folder for removal in several}
    files = sum(len(removal.files) for removal in several)
    return in_bytes(sum(removal.size for removal in several)), f"{files:,}", f"{len(folders):,}"


def in_bytes(count: float) -> str:
    """A number of bytes with its unit."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"
