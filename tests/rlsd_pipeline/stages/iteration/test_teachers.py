"""Who teaches: snapshots, the moving average and other models."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from rlsd_pipeline.artifacts import Artifact, ArtifactStore
from rlsd_pipeline.errors import ArtifactError
from rlsd_pipeline.models.weights import WEIGHTS, weight_files
from rlsd_pipeline.stages.iteration.logprobs import LogprobsStage
from rlsd_pipeline.stages.workspace import Workspace
from schemas import PolicyCheckpoint, TeacherDistribution, TokenLogprobs

Key = tuple[str, int, str]
Made = dict[Key, Artifact]
Open = Callable[..., Workspace]
RunAll = Callable[..., Made]

RATE = 0.3
RLSD = {"type": "rlsd", "decay": None}
ARMS = [
    {"name": "frozen", "weighting": RLSD, "teacher": {"type": "frozen"}},
    {"name": "ema", "weighting": RLSD, "teacher": {"type": "ema", "rate": RATE}},
    {"name": "plain", "weighting": RLSD, "teacher": {"type": "ema"}, "privileged": "none"},
]
NAMES = ("frozen-s0", "ema-s0", "plain-s0")


@pytest.fixture(scope="module")
def taught(
    tmp_path_factory: pytest.TempPathFactory, workspace_at: Open, run_all: RunAll
) -> tuple[Path, Made]:
    """Three iterations of three arms; not to be changed."""
    store = tmp_path_factory.mktemp("taught") / "store"
    return store, run_all(workspace_at(store, arms=ARMS), NAMES, iterations=3)


def weights(artifact: Artifact) -> dict[str, Tensor]:
    return load_file(artifact.local_path(WEIGHTS))


def policy_of(made: Made, arm: str, iteration: int) -> Artifact:
    return made[(arm, iteration - 1, "policy_checkpoint") if iteration else (arm, 0, "policy")]


def teacher_of(made: Made, arm: str, iteration: int) -> str:
    return made[arm, iteration, "logprobs"].manifest.inputs["teacher"]


def scores(made: Made, arm: str, iteration: int, column: str) -> list[list[float] | None]:
    return made[arm, iteration, "logprobs"].table(TokenLogprobs)[column].to_pylist()


def test_a_frozen_teacher_is_the_base_throughout(taught: tuple[Path, Made]) -> None:
    made = taught[1]
    base = made["frozen-s0", 0, "policy"].digest
    assert [teacher_of(made, "frozen-s0", k) for k in range(3)] == [base] * 3


def test_the_control_is_there_exactly_where_other_weights_see_something(
    taught: tuple[Path, Made],
) -> None:
    made = taught[1]
    present = {
        (arm, k): None not in scores(made, arm, k, "teacher_plain_logprobs")
        for arm in NAMES
        for k in range(3)
    }
    # In iteration 0 every one of these teachers is the student.
    assert present == {
        ("frozen-s0", 0): False,
        ("frozen-s0", 1): True,
        ("frozen-s0", 2): True,
        ("ema-s0", 0): False,
        ("ema-s0", 1): True,
        ("ema-s0", 2): True,
        # Nothing is privileged: the teacher's own column is the control.
        ("plain-s0", 0): False,
        ("plain-s0", 1): False,
        ("plain-s0", 2): False,
    }
    for arm, k in present:
        absent = scores(made, arm, k, "teacher_plain_logprobs").count(None)
        assert absent == (0 if present[arm, k] else 16)
        assert None not in scores(made, arm, k, "teacher_logprobs")


def test_where_nothing_is_privileged_and_nothing_drifted_there_is_no_gain(
    taught: tuple[Path, Made],
) -> None:
    made = taught[1]
    ours, theirs = (
        scores(made, "plain-s0", 0, name) for name in ("student_logprobs", "teacher_logprobs")
    )
    for first, second in zip(ours, theirs, strict=True):
        assert first == pytest.approx(second, abs=1e-6)


def test_the_moving_average_is_its_formula(taught: tuple[Path, Made], workspace_at: Open) -> None:
    """teacher_0 = policy_0, teacher_k = (1 - rate) teacher_{k-1} + rate policy_k."""
    store, made = taught
    workspace = workspace_at(store, arms=ARMS)
    expected = weights(policy_of(made, "ema-s0", 0))
    for iteration in range(3):
        newest = weights(policy_of(made, "ema-s0", iteration))
        if iteration:
            expected = {n: (1 - RATE) * v + RATE * newest[n] for n, v in expected.items()}
        teacher = workspace.at("ema-s0", iteration).read("teacher")
        assert teacher.digest == teacher_of(made, "ema-s0", iteration)
        found = weights(teacher)
        assert found.keys() == expected.keys()
        for name, value in found.items():
            torch.testing.assert_close(value, expected[name], rtol=0, atol=3e-7)
    # It lags behind: neither the base nor the newest.
    base = weights(policy_of(made, "ema-s0", 0))
    assert max((found[n] - base[n]).abs().max().item() for n in found) > 1e-4
    assert max((found[n] - newest[n]).abs().max().item() for n in found) > 1e-4


def test_the_average_is_of_the_policys_kind(taught: tuple[Path, Made], workspace_at: Open) -> None:
    store, made = taught
    workspace = workspace_at(store, arms=ARMS)
    first, second = (workspace.at("ema-s0", k).read("teacher") for k in (1, 2))
    record, policy = (a.record(PolicyCheckpoint) for a in (second, policy_of(made, "ema-s0", 2)))
    assert (record.updates, record.parent) == (2, first.digest)
    assert record.optimizer_files == []
    assert record.model_files == policy.model_files


def test_files_of_any_size_give_the_same_average(
    taught: tuple[Path, Made],
    tmp_path: Path,
    workspace_at: Open,
    run_all: RunAll,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for module in ("weights", "policy"):
        monkeypatch.setattr(f"rlsd_pipeline.models.{module}.FILE_BYTES", 40_000)
    workspace = workspace_at(tmp_path / "store", arms=ARMS)
    run_all(workspace, ("ema-s0",), iterations=2)
    average = workspace.at("ema-s0", 1).read("teacher")
    files = weight_files(average.record(PolicyCheckpoint).model_files)
    assert len(files) > 1
    assert set(average.manifest.files) >= {*files, "model.safetensors.index.json"}
    found = {k: v for name in files for k, v in load_file(average.local_path(name)).items()}
    whole = weights(workspace_at(taught[0], arms=ARMS).at("ema-s0", 1).read("teacher"))
    assert found.keys() == whole.keys()
    assert all(torch.equal(found[name], value) for name, value in whole.items())


def without_teachers(store: Path, copy: Path) -> Path:
    """The same store as if no teacher had ever been averaged."""
    copied = Path(shutil.copytree(store, copy))
    shutil.rmtree(copied / "teacher")
    for path in (copied / ".refs").rglob("*teacher*"):
        path.unlink()
    assert ArtifactStore(copied).ref("small/ema-s0/002/teacher") is None
    return copied


def test_going_on_after_an_interruption_gives_the_same_average(
    taught: tuple[Path, Made], tmp_path: Path, workspace_at: Open
) -> None:
    """From the policies alone, in a process that has none of them in memory."""
    store, made = taught
    copied = without_teachers(store, tmp_path / "copied")
    run = workspace_at(copied, arms=ARMS).at("ema-s0", 2)
    teacher = run.teacher()
    assert not teacher.cache_hit
    assert teacher.digest == teacher_of(made, "ema-s0", 2)
    assert LogprobsStage().is_current(run)


def test_interrupted_after_each_iteration_everything_is_as_in_one_go(
    taught: tuple[Path, Made], tmp_path: Path, workspace_at: Open, run_all: RunAll
) -> None:
    made = taught[1]
    for iterations in (1, 2, 3):
        workspace = workspace_at(tmp_path / "other", arms=ARMS)
        again = run_all(workspace, ("ema-s0",), iterations=iterations)
    for key, artifact in again.items():
        assert artifact.digest == made[key].digest, key


def test_an_average_is_of_what_is_declared_now(
    taught: tuple[Path, Made], tmp_path: Path, workspace_at: Open
) -> None:
    """Asked for one iteration alone, after another rate was declared before."""
    teacher = {"type": "ema", "rate": 0.6}
    arms = [{"name": "ema", "weighting": RLSD, "teacher": teacher}]
    found = []
    for name, iterations in (("alone", [2]), ("in order", [0, 1, 2])):
        copied = Path(shutil.copytree(taught[0], tmp_path / name))
        workspace = workspace_at(copied, arms=arms)
        made = [workspace.at("ema-s0", k).teacher() for k in iterations]
        found.append(made[-1].digest)
    assert found[0] == found[1]


def test_a_method_without_a_teacher_makes_none(ran: tuple[Path, Made], workspace_at: Open) -> None:
    run = workspace_at(ran[0], teacher={"type": "ema"}).at("grpo-s0", 1)
    assert "teacher" not in LogprobsStage().inputs(run)
    assert run.workspace.store.ref(run.reference("teacher")) is None
    assert "teacher" not in ran[1]["grpo-s0", 1, "logprobs"].manifest.inputs


def test_a_method_that_matches_no_distribution_keeps_none(taught: tuple[Path, Made]) -> None:
    with pytest.raises(ArtifactError, match=r"no file 'teacher_distribution\.parquet'"):
        taught[1]["ema-s0", 1, "logprobs"].table(TeacherDistribution)
