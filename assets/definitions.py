"""What Dagster loads: every experiment folder as an asset graph of its own."""

from pathlib import Path

import dagster as dg


@dg.definitions
def defs() -> dg.Definitions:
    """All declared experiments."""
    return dg.load_from_defs_folder(path_within_project=Path(__file__).parent)
