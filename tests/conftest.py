"""What all tests share: which are slow, and so left out of `make test-fast`, and a cache."""

import gc
from collections.abc import Iterable
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent

SLOW = [
    HERE / folder
    for folder in (
        # They train, or start processes that load the libraries anew.
        "assets",
        "examples",
        "families",
        "rlsd_pipeline/compute",
        "rlsd_pipeline/doctor",
        "rlsd_pipeline/models",
        "rlsd_pipeline/plan",
        "rlsd_pipeline/rollouts",
        "rlsd_pipeline/stages",
        "rlsd_pipeline/report/collected",
        "rlsd_pipeline/update",
        "test_layout.py",
        # They read all public outputs of the benchmarks.
        "conformance",
        # They draw figures, or pages in a browser.
        "rlsd_pipeline/report",
    )
]


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Their files are not loaded either where nobody asks for them."""
    return (config.option.markexpr == "not slow" and collection_path in SLOW) or None


def pytest_collection_modifyitems(items: Iterable[pytest.Item]) -> None:
    for item in items:
        if any(item.path.is_relative_to(place) for place in SLOW):
            item.add_marker(pytest.mark.slow)


def pytest_collection_finish() -> None:
    """Take the libraries' millions of objects, which stay to the end, out of every collection."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def datasets_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where `datasets` keeps what it reads, in place of the user's folder."""
    import datasets

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    datasets.disable_progress_bars()
    return tmp_path / "cache"
