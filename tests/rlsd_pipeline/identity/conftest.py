from pathlib import Path

import pytest

from rlsd_pipeline.identity import files


@pytest.fixture(autouse=True)
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where digests of large files are kept."""
    monkeypatch.setattr(files, "CACHE", str(tmp_path / "kept"))
    monkeypatch.setattr(files, "_LARGE", 4)
    return tmp_path / "kept"
