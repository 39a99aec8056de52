import os
import subprocess
import sys
import uuid
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from rlsd_pipeline.artifacts import ArtifactRequest, ArtifactStore, to_table
from schemas import Record, Rollout, TokenLogprobs

ROOT = Path(__file__).parents[3]


def _table_of(record: type[Record], *changes: dict) -> pa.Table:
    rows = [{**record.example, **change} for change in changes]
    return to_table(record, {name: [row[name] for row in rows] for name in record.model_fields})


@pytest.fixture
def table_of() -> Callable[..., pa.Table]:
    """Builds a table with the record's example in each row, changed as told."""
    return _table_of


@pytest.fixture
def rollouts() -> pa.Table:
    return _table_of(Rollout, {"rollout_id": "a"}, {"rollout_id": "b", "sample_index": 1})


@pytest.fixture
def token_logprobs() -> pa.Table:
    return _table_of(TokenLogprobs, {"rollout_id": "a"}, {"rollout_id": "b"})


@pytest.fixture
def store(tmp_path: Path) -> ArtifactStore:
    return ArtifactStore(tmp_path / "store")


@pytest.fixture(params=["local", "memory"])
def any_store(request: pytest.FixtureRequest, tmp_path: Path) -> ArtifactStore:
    """A local store, and one of objects."""
    if request.param == "local":
        return ArtifactStore(tmp_path / "store")
    return ArtifactStore(f"memory://{uuid.uuid4().hex}/store", cache=tmp_path / "cache")


@pytest.fixture
def logprobs_request() -> ArtifactRequest:
    return ArtifactRequest("logprobs", "1", {"temperature": 1.0}, {"rollouts": "abc"}, {"noise": 0})


@pytest.fixture
def start_python() -> Callable[..., subprocess.Popen[str]]:
    """Starts a script in a process of its own."""

    def start(script: str, *arguments: object) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", script, *map(str, arguments)],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return start
