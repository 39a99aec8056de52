"""What Dagster loads: every experiment folder as an asset graph of its own."""

from pathlib import Path

import dagster as dg

from assets.automation import dead_run_sensor


@dg.definitions
def defs() -> dg.Definitions:
    """All declared experiments, and what serves them all."""
    experiments = dg.load_from_defs_folder(path_within_project=Path(__file__).parent)
    return dg.Definitions.merge(experiments, dg.Definitions(sensors=[dead_run_sensor()]))
