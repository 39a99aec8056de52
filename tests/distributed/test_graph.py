"""The asset graph with `compute: torchrun` for `compute: local`, and nothing else changed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml
from safetensors.torch import load_file
from torch import Tensor

from assets.cli.loop import Loop, open_instance
from rlsd_pipeline.artifacts import Artifact
from rlsd_pipeline.errors import ComputeError
from rlsd_pipeline.progress import Silent
from schemas import PolicyCheckpoint
from tests.distributed.experiment import ATTRIBUTES, TWO_PROCESSES
from tests.iterated import iterate

ARM = "grpo-s0"


class Noted(Silent):
    """Keeps what it is told of the update."""

    def __init__(self) -> None:
        self.stages: list[str] = []
        self.tokens = 0
        self.metrics: dict[str, float] = {}

    def start(self, stage: str, total: int | None, unit: str) -> None:
        self.stages.append(stage)
        self.tokens = 0

    def advance(self, count: int) -> None:
        self.tokens += count

    def metric(self, name: str, value: float) -> None:
        self.metrics[name] = value


def trained(
    home: Path, monkeypatch: pytest.MonkeyPatch, compute: dict[str, Any]
) -> tuple[list[Artifact], list[str], Noted]:
    """Two iterations: the policies, what the log of the updates says, and the progress."""
    for name in ("DAGSTER_HOME", "DAGSTER_EVENT_BATCH_SIZE", "RLSD_STORE"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.setenv("RLSD_HOME", str(home))
    file = home / "declared" / "small" / "defs.yaml"
    file.parent.mkdir(parents=True)
    document = {"type": "assets.component.Experiment", "attributes": ATTRIBUTES}
    document["attributes"] = ATTRIBUTES | {"compute": compute}
    file.write_text(yaml.safe_dump(document))
    noted = Noted()
    with open_instance() as instance:
        loop = Loop(file, instance, noted)
        loop.prepare([ARM])
        for iteration in range(2):
            iterate(loop, ARM, iteration)
        store = loop.workspace.store
        policies = [store.ref(f"small/{ARM}/{k:03d}/policy") for k in range(3)]
        logs = [
            entry.user_message
            for run in instance.get_runs(ascending=True)
            for entry in instance.all_logs(run.run_id)
        ]
    assert all(policies)
    return [policy for policy in policies if policy], logs, noted


def weights(artifact: Artifact) -> dict[str, Tensor]:
    return load_file(artifact.local_path("model.safetensors"))


def test_only_the_compute_changes(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    far: Callable[..., float],
    capfd: pytest.CaptureFixture[str],
) -> None:
    one, quiet, _ = trained(tmp_path / "one", monkeypatch, ATTRIBUTES["compute"])
    capfd.readouterr()
    two, logs, noted = trained(tmp_path / "two", monkeypatch, TWO_PROCESSES)
    assert one[0].digest == two[0].digest
    for before, first, second in zip(one, one[1:], two[1:], strict=False):
        assert (
            first.fingerprint == second.fingerprint
            or first.manifest.inputs["policy"] != (second.manifest.inputs["policy"])
        )
        assert far(weights(first), weights(second)) < 1e-5
        assert far(weights(before), weights(first)) > 1e-4
        kept = (first.record(PolicyCheckpoint), second.record(PolicyCheckpoint))
        assert kept[1].metrics == pytest.approx(kept[0].metrics, rel=1e-4, abs=1e-5)
        assert kept[1].model_files == kept[0].model_files
        assert kept[1].parameters == kept[0].parameters
    # Rank 0 speaks, once an iteration; two that speak would have ended the step as failed.
    assert sum("tokens to learn from" in line for line in logs) == 2
    assert sum("grad_norm" in line for line in logs) == 2
    assert not any("tokens to learn from" in line for line in quiet)
    assert not any("[pipes] did not receive" in line for line in logs)
    # The terminal shows progress as of one process, and nothing that the others print.
    assert noted.stages[-1] == "policy_checkpoint"
    assert noted.tokens > 0
    assert noted.metrics["optimizer_steps"] == 1.0
    assert "torch" not in capfd.readouterr().err
    # Nothing stays of the job but the artifact.
    assert not list((tmp_path / "two").rglob("rlsd-job-*"))


def test_a_failure_ends_the_step_with_its_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The processes find one another, and no way to talk.
    monkeypatch.setenv("GLOO_SOCKET_IFNAME", "nowhere0")
    with pytest.raises(ComputeError, match=r"process \d of the update failed:\nTraceback"):
        trained(tmp_path, monkeypatch, TWO_PROCESSES)
    with open_instance() as instance:
        (failed,) = instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.FAILURE]))
        (record,) = instance.get_records_for_run(
            failed.run_id, of_type=dg.DagsterEventType.STEP_FAILURE
        ).records
    event = record.event_log_entry.get_dagster_event()
    assert "of the update failed" in str(event.step_failure_data.error)
