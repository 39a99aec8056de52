"""Each tracker really written to, gone on with, and read back."""

import json
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rlsd_pipeline.artifacts import Artifact, ArtifactRequest, ArtifactStore
from rlsd_pipeline.config.experiment import ExperimentConfig
from rlsd_pipeline.stages.iteration.policy_checkpoint import PolicyCheckpointStage
from rlsd_pipeline.tracking.tracking import Tracking
from schemas import PolicyCheckpoint

LOSS = "policy_checkpoint/loss"
ARMS = ("grpo-s0", "rlsd-s0")

pytest.importorskip("accelerate", reason="needs the extra of a tracker")


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No tracker's own settings, and no network."""
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_EXPERIMENT_NAME", "WANDB_API_KEY", "WANDB_MODE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("WANDB_ERROR_REPORTING", "false")
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")


@pytest.fixture
def checkpoint(tmp_path: Path) -> Callable[[float], Artifact]:
    """An artifact whose update had a loss."""
    store = ArtifactStore(tmp_path / "store")

    def checkpoint(loss: float) -> Artifact:
        example = PolicyCheckpoint.example | {"metrics": {"loss": loss}}
        record = PolicyCheckpoint.model_validate(example)
        request = ArtifactRequest("policy_checkpoint", "1", {"loss": loss})
        return store.produce(request, lambda out: out.record(record))

    return checkpoint


def train(folder: Path, checkpoint: Callable[[float], Artifact], **config: Any) -> None:
    """Two arms, two iterations, and another process's worth of a third: runs are gone on with."""
    declared = ExperimentConfig.model_validate(
        {"arms": [{"weighting": {"type": "grpo"}}], "trackers": [config]}
    )
    for iterations in (range(2), range(1, 3)):
        for arm in ARMS:
            tracking = Tracking("small", declared.trackers, folder)
            for iteration in iterations:
                made = checkpoint(iteration + ARMS.index(arm) / 2)
                tracking.log(arm, iteration, made, PolicyCheckpointStage())
            tracking.close()
            assert tracking._failed == set()


EXPECTED = {
    "grpo-s0": {0: 0.0, 1: 1.0, 2: 2.0},
    "rlsd-s0": {0: 0.5, 1: 1.5, 2: 2.5},
}


def test_tensorboard(tmp_path: Path, checkpoint: Callable[[float], Artifact]) -> None:
    pytest.importorskip("tensorboard", reason="needs the extra `tensorboard`")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    train(tmp_path, checkpoint, type="tensorboard")
    for arm, expected in EXPECTED.items():
        events = EventAccumulator(str(tmp_path / "tensorboard" / "small" / arm))
        events.Reload()
        assert {event.step: event.value for event in events.Scalars(LOSS)} == expected


def test_mlflow(tmp_path: Path, checkpoint: Callable[[float], Artifact]) -> None:
    mlflow = pytest.importorskip("mlflow", reason="needs the extra `mlflow`")
    train(tmp_path, checkpoint, type="mlflow")
    client = mlflow.MlflowClient(f"sqlite:///{tmp_path / 'mlflow' / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("small")
    runs = client.search_runs([experiment.experiment_id])
    assert sorted(run.info.run_name for run in runs) == sorted(ARMS)
    for run in runs:
        history = client.get_metric_history(run.info.run_id, LOSS)
        assert {each.step: each.value for each in history} == EXPECTED[run.info.run_name]
        assert run.info.status == "FINISHED"


def offline_records(content: bytes) -> Iterator[bytes]:
    """The records of an offline run: LevelDB's log format, in blocks of 32 kB after a header.

    Each piece has a checksum (4 bytes), its length (2) and whether it is a whole record, its first,
    a middle or its last part (1 to 4).
    """
    block, place, record = 32768, 7, b""
    while place + 7 <= len(content):
        if block - place % block < 7:
            place += block - place % block
            continue
        length, kind = struct.unpack("<HB", content[place + 4 : place + 7])
        record += content[place + 7 : place + 7 + length]
        place += 7 + length
        if kind in (1, 4):
            yield record
            record = b""


def test_wandb(tmp_path: Path, checkpoint: Callable[[float], Artifact]) -> None:
    pytest.importorskip("wandb", reason="needs the extra `wandb`")
    from wandb.proto import wandb_internal_pb2

    train(tmp_path, checkpoint, type="wandb", mode="offline")
    found: dict[str, dict[int, float]] = {arm: {} for arm in ARMS}
    ids: dict[str, set[str]] = {arm: set() for arm in ARMS}
    for file in sorted((tmp_path / "wandb").glob("wandb/offline-run-*/run-*.wandb")):
        arm = ""
        for data in offline_records(file.read_bytes()):
            record = wandb_internal_pb2.Record()
            record.ParseFromString(data)
            if record.WhichOneof("record_type") == "run":
                arm = record.run.display_name
                ids[arm].add(record.run.run_id)
                assert record.run.project == "small"
            if record.WhichOneof("record_type") == "history":
                row = {
                    item.key or ".".join(item.nested_key): json.loads(item.value_json)
                    for item in record.history.item
                }
                found[arm][row["iteration"]] = row[LOSS]
    assert found == EXPECTED
    assert all(len(each) == 1 for each in ids.values())


def test_trackio(
    tmp_path: Path, checkpoint: Callable[[float], Artifact], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Its folder is read when it is imported.
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path / "trackio"))
    pytest.importorskip("trackio", reason="needs the extra `trackio`")
    from trackio.sqlite_storage import SQLiteStorage

    train(tmp_path, checkpoint, type="trackio")
    assert sorted(SQLiteStorage.get_runs("small")) == sorted(ARMS)
    for arm, expected in EXPECTED.items():
        rows = SQLiteStorage.get_logs("small", arm)
        assert {row["step"]: row[LOSS] for row in rows} == expected


def test_a_server_that_is_down_costs_no_training(
    tmp_path: Path, checkpoint: Callable[[float], Artifact], caplog: pytest.LogCaptureFixture
) -> None:
    pytest.importorskip("mlflow", reason="needs the extra `mlflow`")
    declared = ExperimentConfig.model_validate(
        {
            "arms": [{"weighting": {"type": "grpo"}}],
            "trackers": [{"type": "mlflow", "tracking_uri": "http://127.0.0.1:1"}],
        }
    )
    tracking = Tracking("small", declared.trackers, tmp_path)
    for iteration in range(3):
        made = checkpoint(float(iteration))
        tracking.log("grpo-s0", iteration, made, PolicyCheckpointStage())
    tracking.close()
    (message,) = [each for each in caplog.messages if "training goes on" in each]
    assert message.startswith("tracker mlflow: ")
