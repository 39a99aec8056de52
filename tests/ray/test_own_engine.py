"""An engine from a file that the workers of a cluster do not see."""

import os
from collections.abc import Callable
from pathlib import Path

from rlsd_pipeline.artifacts import Artifact
from rlsd_pipeline.stages.iteration.policy import PolicyStage
from rlsd_pipeline.stages.iteration.problems import ProblemsStage
from rlsd_pipeline.stages.iteration.rollouts import RolloutsStage
from rlsd_pipeline.stages.workspace import Workspace
from schemas import Rollout

ARM = "rlsd-s0"
RAY = {"type": "ray", "workers": 2, "object_store_mb": 200, "update_workers": 1}

MINE = """\
import os
from pathlib import Path

from rlsd_pipeline.rollouts.engines.transformers import TransformersEngine


class Sampler(TransformersEngine):
    notes: str

    def sample(self, policy, request, progress):
        with Path(self.notes).open("a") as file:
            file.write(f"{os.getpid()}\\n")
        return super().sample(policy, request, progress)
"""


def sampled(workspace: Workspace) -> Artifact:
    workspace.whole().make(ProblemsStage)
    workspace.at(ARM, 0).make(PolicyStage)
    return workspace.at(ARM, 0).make(RolloutsStage)


def test_its_code_travels_with_it(tmp_path: Path, workspace_on: Callable[..., Workspace]) -> None:
    file = tmp_path / "mine.py"
    file.write_text(MINE)
    notes = tmp_path / "notes"
    engine = {"type": f"{file}:Sampler", "batch_prompts": 1, "notes": str(notes)}
    workspace = workspace_on(tmp_path / "store", RAY, engine=engine)
    file.unlink()
    found = sampled(workspace)
    plain = sampled(workspace_on(tmp_path / "plain", {"type": "local"}))
    drawn, expected = (made.table(Rollout)["completion_ids"].to_pylist() for made in (found, plain))
    assert drawn == expected
    assert str(os.getpid()) not in notes.read_text().split()
    assert len(notes.read_text().split()) == 8
