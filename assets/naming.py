"""The names of experiments, and the file that owns each name in this home.

References, asset keys and reports contain the name, so two files of one name would read and replace
each other's state. The first file that uses a name in a home owns it, until the file is moved or
`rlsd adopt` hands the name over.
"""

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from assets.home import EXPERIMENTS
from rlsd_pipeline.config.naming import FILE, experiment_name
from rlsd_pipeline.config.strict import nearest
from rlsd_pipeline.errors import ConfigError
from rlsd_pipeline.home import ROOT, home


def declared_files() -> list[Path]:
    """The file of every experiment that the UI shows, the least deep first."""
    return sorted(_files_below(EXPERIMENTS), key=lambda file: (len(file.parts), file))


def _files_below(folder: Path) -> Iterator[Path]:
    """The YAML files below a folder; files below an experiment belong to it."""
    if (folder / FILE).is_file():
        yield folder / FILE
        return
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink() and not path.name.startswith((".", "__")):
            yield from _files_below(path)


def is_declared(file: Path) -> bool:
    """Whether the UI shows an experiment as an asset graph."""
    return file.resolve().is_relative_to(EXPERIMENTS)


def known_file(name: str) -> Path | None:
    """The file that owns a name in this home; None if none does, or it no longer exists."""
    with suppress(OSError, ValueError, TypeError, KeyError):
        record = json.loads(_record(name).read_bytes())
        file = ROOT / record["file"]
        # In a copy of a home the names are free.
        if record["home"] == str(home()) and file.is_file():
            return file
    return None


def experiment_file(experiment: str) -> Path:
    """The YAML file of an experiment given by its name or path, or by its name in this home.

    Raises:
        ConfigError: There is no such experiment.
    """
    given = Path(experiment)
    for path in (EXPERIMENTS / experiment / FILE, given, given / FILE):
        # No file has a name that is too long.
        with suppress(OSError):
            if path.is_file():
                return path.resolve()
    declared = {experiment_name(path): path for path in declared_files()}
    if (found := declared.get(experiment) or known_file(experiment)) is not None:
        return found.resolve()
    known = sorted(declared)
    raise ConfigError(
        f"no experiment {experiment!r}: {nearest(experiment, known, 'experiments')}; or give the "
        "path of a YAML file"
    )


def own_name(file: Path) -> str:
    """The name of an experiment, unless another file has it here.

    Raises:
        ConfigError: The name belongs to another file; names both.
    """
    name, other = experiment_name(file), None
    with suppress(OSError):
        other = known_file(name)
        if other is None or other.samefile(file):
            return name
    raise ConfigError(
        f"two experiments are called {name} in the home {home()}: {other} was here first, and "
        f"{file.resolve()} would read and replace its results. Rename the folder or the file, set "
        f"RLSD_HOME to another folder, or `rlsd adopt {file}` to go on in place of the first"
    )


def take_name(file: Path, *, adopt: bool = False) -> str:
    """Let a file have its name in this home, before anything is kept under it.

    Args:
        file: The experiment's YAML.
        adopt: Even where another file has it.

    Raises:
        ConfigError: Another file has the name, or the home cannot be written.
    """
    name = experiment_name(file) if adopt else own_name(file)
    known = known_file(name)
    if known is not None and known.samefile(file):
        return name
    place = file.resolve()
    # A checkout may move.
    kept = place.relative_to(ROOT) if is_declared(place) else place
    record, partial = _record(name), _record(f".{name}.{uuid4().hex}")
    try:
        record.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(json.dumps({"file": str(kept), "home": str(home())}))
        if adopt or record.exists():
            partial.replace(record)
        else:
            with suppress(FileExistsError):
                os.link(partial, record)
            partial.unlink()
    except OSError as error:
        raise ConfigError(
            f"{record} cannot be written: {error.strerror}. Set RLSD_HOME to a folder that can"
        ) from error
    return name if adopt else own_name(file)


def _record(name: str) -> Path:
    return home() / "experiments" / f"{name}.json"
