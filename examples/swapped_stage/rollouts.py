"""Rollouts that another trainer has written down as text."""

import json
from collections.abc import Mapping
from pathlib import Path

from rlsd_pipeline.artifacts import Artifact, ArtifactWriter
from rlsd_pipeline.components.located import LocatedPath
from rlsd_pipeline.stages.iteration.rollouts import RolloutsStage
from rlsd_pipeline.stages.iteration.sampling import written_table
from rlsd_pipeline.stages.run import StageRun
from schemas import Rollout


class FromMyTrainer(RolloutsStage):
    """The responses of a file in the place of sampled ones, scored by the policy."""

    responses: LocatedPath
    """JSON Lines: a `problem_id`, and the texts of its group as `responses`."""

    def write(self, run: StageRun, inputs: Mapping[str, Artifact], out: ArtifactWriter) -> None:
        """Put the texts into tokens and write them as any rollouts are written."""
        lines = Path(self.responses).read_text(encoding="utf-8").splitlines()
        groups = {row["problem_id"]: row["responses"] for row in map(json.loads, lines)}
        out.table(Rollout, written_table(run, inputs["policy"], groups, inputs["problems"]))
