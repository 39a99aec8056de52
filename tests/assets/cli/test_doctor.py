"""`rlsd doctor` on a real home: damage of every kind is named and mended, and training goes on."""

import shutil
from collections.abc import Callable
from pathlib import Path

import dagster as dg
import pytest

from assets.cli.loop import Loop, open_instance
from assets.history import differences
from assets.partitions import partition_key
from rlsd_pipeline.artifacts import ArtifactStore
from rlsd_pipeline.progress import Silent
from tests.iterated import iterate

ARM = "rlsd-s0"
Run = Callable[..., tuple[int, str, str]]


def digests(home: Path) -> dict[str, str]:
    store = ArtifactStore(home / "artifacts")
    found = {name: store.ref(name) for name in store.refs()}
    return {name: artifact.digest for name, artifact in found.items() if artifact is not None}


def write(path: Path, content: bytes) -> None:
    path.chmod(0o644)
    path.write_bytes(content)


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    write(path, bytes(content))


@pytest.fixture
def damaged(trained: Path, home: Path) -> Path:
    """A copy of the trained home in which one thing of every kind is damaged."""
    shutil.copytree(trained, home)
    (home / "dagster" / "dagster.yaml").chmod(0o644)
    store = ArtifactStore(home / "artifacts")
    places = {
        name: Path(artifact.location)
        for name in ("000/rewards", "001/policy_checkpoint")
        if (artifact := store.ref(f"small/{ARM}/{name}")) is not None
    }
    (weights,) = places["001/policy_checkpoint"].glob("model-*.safetensors")
    flip(weights)
    flip(places["000/rewards"] / "manifest.json")
    write(home / "artifacts" / ".refs" / "small" / ARM / "001" / "policy.json", b"")
    write(home / "dagster" / "history" / "runs" / "index.db", b"no database")
    return home


def test_damage_is_named_mended_and_made_anew(
    damaged: Path, trained: Path, declare: Callable[..., Path], run: Run
) -> None:
    code, output, error = run("doctor")
    assert (code, error) == (1, "")
    for told in (
        "model.safetensors has SHA-256",
        "its content does not have the checksum that it states",
        "it is empty",
        "found again: policy_checkpoint",
        "file is not a database",
    ):
        assert told in output
    code, output, _ = run("doctor", "--mend", "--rebuild-history")
    assert code == 0
    assert "0 left" in output
    assert "the former history lies in" in output
    code, output, _ = run("doctor")
    assert code == 0
    assert "the store is sound" in output

    with open_instance() as instance:
        loop = Loop(declare(), instance, Silent())
        loop.prepare([ARM])
        start = next(k for k in range(2) if not loop.is_done(ARM, k))
        for iteration in range(start, 2):
            iterate(loop, ARM, iteration)
    expected = digests(trained)
    # The arms share their first iteration's rewards; the other's name is given back by its own run.
    assert {k: v for k, v in digests(damaged).items() if ARM in k} == {
        k: v for k, v in expected.items() if ARM in k
    }


def test_a_history_is_written_anew_from_the_store(
    trained: Path, home: Path, declare: Callable[..., Path], run: Run
) -> None:
    shutil.copytree(trained, home)
    (home / "dagster" / "dagster.yaml").chmod(0o644)
    before = known(home)
    write(home / "dagster" / "history" / "runs" / "index.db", b"no database")
    code, output, _ = run("doctor", declare(), "--rebuild-history")
    assert code == 0
    assert "checks written from the store" in output
    assert known(home) == before
    store = ArtifactStore(home / "artifacts")
    with open_instance() as instance:
        assert differences(instance, store, store.refs()) == []
        loop = Loop(declare(), instance, Silent())
        assert all(loop.is_done(arm, k) for arm in ("grpo-s0", ARM) for k in range(2))
        for stage, check in (("logprobs", "aligned"), ("policy_checkpoint", "finite")):
            key = dg.AssetCheckKey(dg.AssetKey(["small", stage]), check)
            records = instance.event_log_storage.get_asset_check_execution_history(key, limit=9)
            assert len(records) == 4
            assert all(
                record.event is not None
                and record.event.dagster_event is not None
                and record.event.dagster_event.asset_check_evaluation_data.passed
                for record in records
            )


def known(home: Path) -> dict[str, set[tuple[str, str]]]:
    """Partition and data version of every materialization, by asset."""
    found: dict[str, set[tuple[str, str]]] = {}
    with open_instance() as instance:
        for stage in ("policy", "rollouts", "rewards", "logprobs", "policy_checkpoint"):
            key = dg.AssetKey(["small", stage])
            for arm in ("grpo-s0", ARM):
                for k in range(3):
                    wanted = dg.AssetRecordsFilter(
                        asset_key=key, asset_partitions=[partition_key(arm, k)]
                    )
                    for record in instance.fetch_materializations(wanted, limit=1).records:
                        event = record.asset_materialization
                        assert event is not None
                        version = (event.tags or {})["dagster/data_version"]
                        found.setdefault(stage, set()).add((f"{arm}|{k:03d}", version))
    return found


@pytest.mark.usefixtures("home")
def test_an_empty_home_is_sound(run: Run) -> None:
    code, output, error = run("doctor")
    assert (code, error) == (0, "")
    assert "0 artifacts and 0 references" in output
