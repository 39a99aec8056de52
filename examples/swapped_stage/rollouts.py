"""Rollouts that another trainer has written down as text."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from rlsd_pipeline.components.located import LocatedPath
from rlsd_pipeline.stages.iteration.rollouts import RolloutsStage
from schemas import Rollout

if TYPE_CHECKING:
    from rlsd_pipeline.artifacts import Artifact, ArtifactWriter
    from rlsd_pipeline.stages.workspace import StageRun


class FromMyTrainer(RolloutsStage):
    """The responses of a file in place of sampled ones, scored by the policy."""

    responses: LocatedPath
    """JSON Lines: a `problem_id`, and the texts of its group as `responses`."""

    def write(self, run: StageRun, inputs: dict[str, Artifact], out: ArtifactWriter) -> None:
        """Put the texts into tokens and write them as any rollouts are written."""
        # Imported here: Dagster loads this file to show the graph, and needs no model library.
        from rlsd_pipeline.stages.iteration.sampling import written_table

        lines = Path(self.responses).read_text(encoding="utf-8").splitlines()
        groups = {row["problem_id"]: row["responses"] for row in map(json.loads, lines)}
        out.table(Rollout, written_table(run, inputs["policy"], groups, inputs["problems"]))
