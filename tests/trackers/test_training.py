"""A training with a tracker: every stage is there, and the artifacts are those without one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from rlsd_pipeline.artifacts import ArtifactStore

TRAIN = "from assets.cli import main; main()"
ARM = "rlsd-s0"


def train(tmp_path: Path, name: str, attributes: dict) -> tuple[Path, dict[str, str]]:
    """Two iterations in a home of their own; returns it, and the digest of everything in it."""
    file, home = tmp_path / name / "small" / "defs.yaml", tmp_path / name / "home"
    file.parent.mkdir(parents=True)
    document = {"type": "assets.component.Experiment", "attributes": attributes}
    file.write_text(yaml.safe_dump(document))
    process = subprocess.run(
        [sys.executable, "-c", TRAIN, "train", str(file), "--arm", ARM, "--iterations", "2"],
        env={**os.environ, "RLSD_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert process.returncode == 0, process.stderr
    store = ArtifactStore(home / "artifacts")
    return home, {ref: store.ref(ref).digest for ref in store.refs("small/")}


def test_every_stage_is_logged_and_nothing_else_changes(tmp_path: Path, attributes: dict) -> None:
    pytest.importorskip("tensorboard", reason="needs the extra `tensorboard`")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    tracked = attributes | {"trackers": [{"type": "tensorboard"}]}
    home, digests = train(tmp_path, "tracked", tracked)
    _, plain = train(tmp_path, "plain", attributes)
    assert digests == plain

    events = EventAccumulator(str(home / "trackers" / "tensorboard" / "small" / ARM))
    events.Reload()
    steps = {tag: [event.step for event in events.Scalars(tag)] for tag in events.Tags()["scalars"]}
    for name in (
        "rollouts/tokens",
        "rollouts/cut_share",
        "rewards/reward",
        "rewards/verdict_unparsed",
        "logprobs/information_gain_mean",
        "logprobs/engine_gap_max",
        "token_weights/token_advantages_std",
        "policy_checkpoint/grad_norm",
    ):
        assert steps[name] == [0, 1], name
    for name in ("score", "interval_low", "interval_high"):
        assert steps[f"benchmark_scores.greedy/{name}"] == [0, 2]
