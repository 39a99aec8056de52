"""What the command line says after a training."""

import shlex
from pathlib import Path

import dagster as dg

from assets.cli.loop import Loop
from assets.cli.tables import where_to_look


def test_a_file_of_ones_own_is_named_by_its_path(
    loop: tuple[Loop, dg.DagsterInstance], home: Path
) -> None:
    opened, _ = loop
    # A path with blanks needs quotes in a shell.
    opened.file = opened.file.parent / "my own.yaml"
    lines = dict(line.split(maxsplit=1) for line in where_to_look(opened).splitlines())
    assert lines["report"] == f"rlsd report {shlex.quote(str(opened.file))}"
    assert lines["history"] == str(home / "dagster")
    assert "as an asset graph once it lies in" in lines["graph"]
