"""`rlsd ui`: Dagster's webserver and daemon on the local instance."""

import importlib.util
import os
import sys

import click

from assets.home import ROOT, dagster_home


def ui(port: int) -> None:
    """Replace this process by `dagster dev`, bound to the loopback interface."""
    if importlib.util.find_spec("dagster_webserver") is None:
        raise click.ClickException(
            "the UI is not installed: pip install -e '.[ui]' in the checkout"
        )
    dagster_home()
    os.chdir(ROOT)
    command = ["dagster", "dev", "-m", "assets.definitions", "-h", "127.0.0.1", "-p", str(port)]
    os.execv(sys.executable, [sys.executable, "-m", *command])
