"""Which code decides what a component of an importable module does."""

import sys
from pathlib import Path

import pytest

from rlsd_pipeline.components.source import package_digest


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package whose reward reads one module, which reads another; a third is read by none."""
    folder = tmp_path / "own_rewards"
    (folder / "words").mkdir(parents=True)
    (folder / "__init__.py").touch()
    (folder / "words" / "__init__.py").touch()
    (folder / "reward.py").write_text("import json\nfrom .words import lists\n")
    (folder / "words" / "lists.py").write_text("def f():\n    from own_rewards import base\n")
    (folder / "base.py").write_text("WORDS = 1\n")
    (folder / "unread.py").write_text("x = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    for name in [name for name in sys.modules if name.partition(".")[0] == "own_rewards"]:
        monkeypatch.delitem(sys.modules, name)
    return folder


def digest() -> str:
    package_digest.cache_clear()
    return package_digest("own_rewards.reward")


@pytest.mark.parametrize("file", ["reward.py", "words/lists.py", "base.py"])
def test_what_it_imports_of_its_own_package_counts(package: Path, file: str) -> None:
    before = digest()
    assert digest() == before
    (package / file).write_text((package / file).read_text() + "y = 2\n")
    assert digest() != before


def test_what_it_does_not_import_does_not_count(package: Path) -> None:
    before = digest()
    (package / "unread.py").write_text("x = 2\n")
    assert digest() == before
