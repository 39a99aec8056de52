"""Where artifacts and the local Dagster instance live: `.rlsd` in the checkout, or RLSD_HOME."""

import os
import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
EXPERIMENTS = Path(__file__).resolve().parent / "experiments"


def home() -> Path:
    """The folder that holds everything a run leaves behind."""
    return Path(os.environ.get("RLSD_HOME") or ROOT / ".rlsd").resolve()


def store_url() -> str:
    """URL of the artifact store: RLSD_STORE, or a folder of the home."""
    return os.environ.get("RLSD_STORE") or str(home() / "artifacts")


def dagster_home() -> Path:
    """The instance's folder: DAGSTER_HOME, or one of the home, made ready with its dagster.yaml."""
    folder = Path(os.environ.get("DAGSTER_HOME") or home() / "dagster")
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "dagster.yaml").exists():
        shutil.copyfile(ROOT / "deploy" / "local" / "dagster.yaml", folder / "dagster.yaml")
    os.environ["DAGSTER_HOME"] = str(folder)
    # Related events are written together.
    os.environ.setdefault("DAGSTER_EVENT_BATCH_SIZE", "50")
    return folder
