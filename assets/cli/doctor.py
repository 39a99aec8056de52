"""`rlsd doctor`: finds damage in a home, explains it, and repairs it."""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from assets.cli.fitted import FittedTable
from assets.cli.loop import open_instance
from assets.cli.progress import console
from assets.declared import Declared
from assets.history import damaged_databases, differences, set_history_aside, tell
from assets.home import dagster_home
from assets.naming import declared_files, experiment_file, experiment_name
from rlsd_pipeline.artifacts import ArtifactStore
from rlsd_pipeline.artifacts.inventory import StoredArtifact, survey
from rlsd_pipeline.config.experiment import load_experiment
from rlsd_pipeline.doctor.examination import chosen, examine
from rlsd_pipeline.doctor.finding import Finding
from rlsd_pipeline.errors import RlsdError
from rlsd_pipeline.home import open_store, store_url
from rlsd_pipeline.tables.table import table_of_cells

_REBUILD = "`rlsd doctor --rebuild-history` writes it anew from the store"


def doctor(experiment: str | None, *, quick: bool, mend: bool, rebuild_history: bool) -> None:
    """Examine the store and Dagster's history; repair on request."""
    try:
        file = None if experiment is None else experiment_file(experiment)
        store = open_store(store_url())
        sound = _store(store, file, quick=quick, mend=mend)
        known = _rebuild(store, file) if rebuild_history else _history(store, file)
    except RlsdError as error:
        raise click.ClickException(str(error)) from error
    if not (sound and known):
        sys.exit(1)


def _store(store: ArtifactStore, file: Path | None, *, quick: bool, mend: bool) -> bool:
    """Whether the store is sound in the end."""
    moment, name = datetime.now(UTC), None if file is None else experiment_name(file)
    found = survey(store.storage)
    artifacts = chosen(found, name)
    with _reading(_bytes(artifacts)) as advance:
        read = None if quick else advance
        findings = examine(store, found, artifacts, moment, experiment=name, read=read)
    output = console()
    if findings:
        output.print(_table(findings, f"store {store.url}"))
    looked_at = "names and sizes" if quick else "every byte"
    output.print(
        f"{len(artifacts):,} artifacts and {len(found.inventory.refs):,} references: "
        f"{looked_at} looked at",
        highlight=False,
    )
    damage = [each for each in findings if each.severity == "damage"]
    if not damage:
        output.print("the store is sound", highlight=False)
        return True
    if not mend:
        output.print(f"{len(damage)} damaged; add --mend to mend what can be", highlight=False)
        return False
    return _mend(damage, name or "EXPERIMENT")


def _mend(damage: Sequence[Finding], experiment: str) -> bool:
    """Mend what can be, in order; whether that is all."""
    output = console()
    for finding in damage:
        if finding.mend is not None:
            finding.mend()
            output.print(f"{finding.place}: {finding.remedy}", highlight=False, markup=False)
    left = [finding for finding in damage if finding.mend is None]
    output.print(
        f"{len(damage) - len(left)} mended, {len(left)} left; `rlsd train {experiment}` makes anew "
        "what was set aside",
        highlight=False,
    )
    return not left


def _history(store: ArtifactStore, file: Path | None) -> bool:
    """Whether Dagster's history can be read; missing events are reported, and are no damage."""
    folder, output = dagster_home(), console()
    damaged = damaged_databases(folder)
    findings = [Finding("history", str(path), why, _REBUILD) for path, why in damaged.items()]
    if not damaged:
        with open_instance() as instance:
            findings = [
                Finding("history", each.key.to_user_string(), str(each), _REBUILD, severity="note")
                for each in differences(instance, store, _names(store, file))
            ]
    if findings:
        output.print(_table(findings, f"Dagster's history in {folder}"))
    else:
        output.print("Dagster's history agrees with the store", highlight=False)
    return not damaged


def _rebuild(store: ArtifactStore, file: Path | None) -> bool:
    """Set the history aside, and write a new one from the store, for all experiments."""
    names = list(_names(store, None))
    output = console()
    moved = set_history_aside(datetime.now(UTC))
    if moved is not None:
        output.print(f"the former history lies in {moved}", highlight=False)
    with open_instance() as instance, _telling(len(names)) as advance:
        told = tell(instance, store, _declared(names, file), names, advance)
    output.print(
        f"{told.materializations:,} materializations and {told.checks:,} checks written from the "
        "store; runs and their logs are only in the former history",
        highlight=False,
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
                console().print(f"{path}: {error}", highlight=False, markup=False)
    return found


def _names(store: ArtifactStore, file: Path | None) -> Iterator[str]:
    return store.refs("" if file is None else f"{experiment_name(file)}/")


def _bytes(artifacts: Iterable[StoredArtifact]) -> int:
    return sum(file.size for artifact in artifacts for file in artifact.files.values())


def _table(findings: Sequence[Finding], title: str) -> FittedTable:
    rows = [
        (
            finding.what if finding.severity == "damage" else f"{finding.what} (note)",
            _short(finding.place),
            finding.fault,
            finding.remedy,
        )
        for finding in findings
    ]
    return FittedTable(table_of_cells(title, ("what", "where", "why", "way out"), rows, keys=4))


def _short(place: str) -> str:
    """A folder of the store with a shortened fingerprint."""
    parts = place.split("/")
    if len(parts) >= 3 and len(parts[2]) == 64:
        parts[2] = f"{parts[2][:12]}…"
    return "/".join(parts)


@contextmanager
def _reading(total: int) -> Iterator[Callable[[int], object]]:
    columns = (TextColumn("reading"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with _bar(columns, total) as advance:
        yield advance


@contextmanager
def _telling(total: int) -> Iterator[Callable[[int], object]]:
    columns = (TextColumn("telling {task.completed:.0f} of {task.total:.0f}"), BarColumn())
    with _bar(columns, total) as advance:
        yield advance


@contextmanager
def _bar(columns: tuple, total: int) -> Iterator[Callable[[int], object]]:
    output = console()
    with Progress(*columns, console=output, disable=not output.is_terminal, transient=True) as bars:
        task = bars.add_task("", total=total)
        yield lambda count: bars.advance(task, count)
