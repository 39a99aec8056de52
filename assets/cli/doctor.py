"""`rlsd doctor`: finds damage in a home, explains it, and repairs it."""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from operator import attrgetter
from pathlib import Path

from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

from assets.cli.fitted import show
from assets.cli.loop import open_instance
from assets.cli.progress import console
from assets.declared import Declared
from assets.history import damaged_databases, differences, set_history_aside, tell
from assets.home import dagster_home
from assets.naming import declared_files, experiment_file, experiment_name
from rlsd_pipeline.artifacts import ArtifactStore
from rlsd_pipeline.artifacts.inventory import survey
from rlsd_pipeline.config.experiment import load_experiment
from rlsd_pipeline.doctor.examination import chosen, examine
from rlsd_pipeline.doctor.finding import Finding
from rlsd_pipeline.errors import RlsdError
from rlsd_pipeline.home import open_store, store_url
from rlsd_pipeline.tables.table import Column, Table

_REBUILD = "`rlsd doctor --rebuild-history` writes it anew from the store"


def doctor(experiment: str | None, *, quick: bool, mend: bool, rebuild_history: bool) -> None:
    """Examine the store and Dagster's history; repair on request."""
    file = None if experiment is None else experiment_file(experiment)
    store = open_store(store_url())
    sound = _store(store, file, quick=quick, mend=mend)
    known = _rebuild(store, file) if rebuild_history else _history(store, file)
    if not (sound and known):
        sys.exit(1)


def _store(store: ArtifactStore, file: Path | None, *, quick: bool, mend: bool) -> bool:
    """Whether the store is sound in the end."""
    moment, name = datetime.now(UTC), None if file is None else experiment_name(file)
    found = survey(store.storage)
    artifacts = chosen(found, name)
    size = sum(file.size for artifact in artifacts for file in artifact.files.values())
    reading = TextColumn("reading"), BarColumn(), DownloadColumn(), TimeRemainingColumn()
    with _bar(reading, size) as advance:
        read = None if quick else advance
        findings = examine(store, found, artifacts, moment, experiment=name, read=read)
    looked_at = "names and sizes" if quick else "every byte"
    show(
        *_tables(findings, f"store {store.url}"),
        f"{len(artifacts):,} artifacts and {len(found.inventory.refs):,} references: "
        f"{looked_at} looked at",
    )
    damage = [each for each in findings if each.severity == "damage"]
    if not damage:
        show("the store is sound")
        return True
    if not mend:
        show(f"{len(damage)} damaged; add --mend to mend what can be")
        return False
    return _mend(damage, name or "EXPERIMENT")


def _mend(damage: Sequence[Finding], experiment: str) -> bool:
    """Mend what can be, in order; whether that is all."""
    for finding in damage:
        if finding.mend is not None:
            finding.mend()
            show(f"{finding.place}: {finding.remedy}")
    left = [finding for finding in damage if finding.mend is None]
    show(
        f"{len(damage) - len(left)} mended, {len(left)} left; `rlsd train {experiment}` makes anew "
        "what was set aside"
    )
    return not left


def _history(store: ArtifactStore, file: Path | None) -> bool:
    """Whether Dagster's history can be read; missing events are reported, and are no damage."""
    folder = dagster_home()
    damaged = damaged_databases(folder)
    findings = [Finding("history", str(path), why, _REBUILD) for path, why in damaged.items()]
    if not damaged:
        with open_instance() as instance:
            findings = [
                Finding("history", each.key.to_user_string(), str(each), _REBUILD, severity="note")
                for each in differences(instance, store, _names(store, file))
            ]
    show(*_tables(findings, f"Dagster's history in {folder}"))
    if not findings:
        show("Dagster's history agrees with the store")
    return not damaged


def _rebuild(store: ArtifactStore, file: Path | None) -> bool:
    """Set the history aside, and write a new one from the store, for all experiments."""
    names = list(_names(store, None))
    moved = set_history_aside(datetime.now(UTC))
    if moved is not None:
        show(f"the former history lies in {moved}")
    telling = TextColumn("telling {task.completed:.0f} of {task.total:.0f}"), BarColumn()
    with open_instance() as instance, _bar(telling, len(names)) as advance:
        told = tell(instance, store, _declared(names, file), names, advance)
    show(
        f"{told.materializations:,} materializations and {told.checks:,} checks written from the "
        "store; runs and their logs are only in the former history"
    )
    return True


def _declared(names: Iterable[str], file: Path | None) -> dict[str, Declared]:
    """Those experiments that the store knows, of the checkout and the one that is given."""
    stored = {name.partition("/")[0] for name in names}
    found: dict[str, Declared] = {}
    for path in (*declared_files(), *([file] if file else [])):
        name = experiment_name(path)
        if name in stored:
            try:
                found[name] = Declared(name, load_experiment(path))
            except RlsdError as error:
                show(f"{path}: {error}")
    return found


def _names(store: ArtifactStore, file: Path | None) -> Iterator[str]:
    return store.refs("" if file is None else f"{experiment_name(file)}/")


_COLUMNS = (
    Column("what", lambda one: one.what + (" (note)" if one.severity != "damage" else "")),
    Column("where", lambda one: _short(one.place)),
    Column("why", attrgetter("fault")),
    Column("way out", attrgetter("remedy")),
)


def _tables(findings: Sequence[Finding], title: str) -> list[Table]:
    """The table of what was found, if anything was."""
    return [Table(title, _COLUMNS, findings, keys=len(_COLUMNS))] if findings else []


def _short(place: str) -> str:
    """A folder of the store with a shortened fingerprint."""
    parts = place.split("/")
    if len(parts) >= 3 and len(parts[2]) == 64:
        parts[2] = f"{parts[2][:12]}…"
    return "/".join(parts)


@contextmanager
def _bar(columns: Sequence[ProgressColumn], total: int) -> Iterator[Callable[[int], object]]:
    output = console()
    with Progress(*columns, console=output, disable=not output.is_terminal, transient=True) as bars:
        task = bars.add_task("", total=total)
        yield lambda count: bars.advance(task, count)
