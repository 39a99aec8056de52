"""What is lost or damaged in a store is found or made again by training itself, to the same bytes.

Or one message names it.
"""

import shutil
from collections.abc import Callable
from pathlib import Path

import dagster as dg
import pytest

from assets.cli.loop import Loop
from rlsd_pipeline.artifacts import ArtifactStore
from rlsd_pipeline.errors import DamagedError
from tests.iterated import iterate

ARM = "rlsd-s0"
UPDATES = 2

Opened = tuple[Loop, dg.DagsterInstance]


def references(home: Path) -> Path:
    return home / "artifacts" / ".refs" / "small"


def folder(home: Path, place: str) -> Path:
    artifact = ArtifactStore(home / "artifacts").ref(f"small/{ARM}/{place}")
    assert artifact is not None
    return Path(artifact.location)


def write(path: Path, content: bytes) -> None:
    path.chmod(0o644)
    path.write_bytes(content)


def lose(place: str) -> Callable[[Path], object]:
    return lambda home: (references(home) / ARM / f"{place}.json").unlink()


def empty(place: str) -> Callable[[Path], object]:
    return lambda home: write(references(home) / ARM / f"{place}.json", b"")


def copy(source: str, place: str) -> Callable[[Path], object]:
    """What a reference names, under another name."""

    def copy(home: Path) -> None:
        content = (references(home) / f"{source}.json").read_bytes()
        write(references(home) / ARM / f"{place}.json", content)

    return copy


def retarget(home: Path) -> None:
    """The policy's reference of before an update that was made anew and then killed."""
    store = ArtifactStore(home / "artifacts")
    former = store.ref(f"small/{ARM}/000/policy")
    assert former is not None
    store.set_ref(f"small/{ARM}/001/policy", former)


def delete(place: str, name: str = "") -> Callable[[Path], object]:
    def delete(home: Path) -> None:
        for path in folder(home, place).glob(f"{name}*"):
            path.unlink()

    return delete


def digests(home: Path) -> dict[str, str]:
    store = ArtifactStore(home / "artifacts")
    found = {name: store.ref(name) for name in store.refs(f"small/{ARM}/")}
    return {name: artifact.digest for name, artifact in found.items() if artifact is not None}


def train(loop: Loop) -> list[int]:
    """Bring the arm to its updates as `rlsd train` does; returns the iterations it went through."""
    loop.prepare([ARM])
    start = next((k for k in range(UPDATES) if not loop.is_done(ARM, k)), UPDATES)
    for iteration in range(start, UPDATES):
        iterate(loop, ARM, iteration)
    return list(range(start, UPDATES))


@pytest.mark.parametrize(
    "harm",
    [
        pytest.param(lose("001/policy"), id="a policy's reference is lost"),
        pytest.param(empty("001/policy"), id="a policy's reference is empty"),
        pytest.param(lose("002/policy"), id="the newest policy's reference is lost"),
        pytest.param(empty("000/policy"), id="the base's reference is empty"),
        pytest.param(copy("grpo-s0/001/policy", "001/policy"), id="another arm's policy"),
        pytest.param(copy(f"{ARM}/002/policy", "001/policy"), id="another iteration's policy"),
        pytest.param(retarget, id="the policy of before"),
        pytest.param(empty("000/policy_checkpoint"), id="a checkpoint's reference is empty"),
        pytest.param(empty("001/token_weights"), id="a table's reference is empty"),
        pytest.param(delete("000/policy"), id="the base's folder is deleted"),
        pytest.param(delete("000/policy", "model"), id="the base's weights are deleted"),
        pytest.param(delete("001/policy"), id="a checkpoint's folder is deleted"),
        pytest.param(delete("001/policy", "model"), id="a checkpoint's weights are deleted"),
    ],
)
def test_training_finds_it_again(
    loop: Opened, trained: Path, home: Path, harm: Callable[[Path], object]
) -> None:
    harm(home)
    iterations = train(loop[0])
    assert len(iterations) <= UPDATES
    assert digests(home) == digests(trained)
    assert train(loop[0]) == []


def test_a_policy_is_read_from_the_checkpoint_before_it(loop: Opened, home: Path) -> None:
    workspace = loop[0].workspace
    expected = workspace.at(ARM, 1).read("policy").digest
    for harm in (lose("001/policy"), empty("001/policy")):
        harm(home)
        assert workspace.at(ARM, 1).read("policy").digest == expected
        assert digests(home)[f"small/{ARM}/001/policy"] == expected


@pytest.mark.parametrize("content", [b"", b"\x00", b'{"stage": "rollouts"}'])
def test_a_damaged_reference_is_one_message_of_train_and_gc(
    trained: Path,
    home: Path,
    declare: Callable[..., Path],
    run: Callable[..., tuple[int, str, str]],
    content: bytes,
) -> None:
    shutil.copytree(trained, home)
    write(references(home) / ARM / "001" / "rollouts.json", content)
    for command in (["train", declare(), "--arm", ARM, "--iterations", 2], ["gc"]):
        code, _, error = run(*command)
        assert code == 1
        (line,) = (line for line in error.splitlines() if line.startswith("Error"))
        assert "001/rollouts.json is no reference" in line
        assert "`rlsd doctor --mend` finds what it named" in line
        assert "Traceback" not in error


def test_damaged_weights_are_named_with_the_way_out(loop: Opened, home: Path) -> None:
    (weights,) = folder(home, "002/policy").glob("model-*.safetensors")
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    write(weights, bytes(content))
    with pytest.raises(DamagedError, match=r"model-\w+\.safetensors is damaged: .*rlsd doctor"):
        loop[0].workspace.at(ARM, 2).read("policy").local_path("model.safetensors")
