"""A data set of a user's own beside a YAML file."""

import json
from pathlib import Path
from typing import Any

GOOD = {"question": "how many?", "answer": "2"}


def jsonl(folder: Path, *rows: dict[str, Any]) -> dict[str, Any]:
    """Writes a data set beside the YAML in a folder; returns what the YAML says about it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "problems.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    return {"type": "jsonl", "path": "problems.jsonl"}
