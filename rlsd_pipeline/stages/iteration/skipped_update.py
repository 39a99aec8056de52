"""An iteration without signal: the policy does not change, and the skipped update is counted."""

import logging

import pyarrow.compute as pc

from rlsd_pipeline.artifacts import Artifact, ArtifactWriter
from rlsd_pipeline.artifacts.validation import contiguous
from rlsd_pipeline.stages.workspace import StageRun
from rlsd_pipeline.weighting.method import TokenStreams
from schemas import PolicyCheckpoint, TokenWeights

SKIPPED = "skipped_updates"
"""Name of the metric that counts them."""

_LOG = logging.getLogger(__name__)


def carries_signal(token_weights: Artifact) -> bool:
    """Whether any token has a weight in any stream.

    Without one the gradient is 0, and an optimizer step would still move the policy: by its
    momentum and by the weight decay.
    """
    table = token_weights.table(TokenWeights, list(TokenStreams._fields))
    streams = (contiguous(column).flatten() for column in table.columns)
    return any(pc.any(pc.not_equal(values, 0.0)).as_py() for values in streams)


def skipped(checkpoint: PolicyCheckpoint) -> int:
    """Iterations so far that changed nothing."""
    return int(checkpoint.metrics.get(SKIPPED, 0))


def level(count: int) -> int:
    """The level of the message on a skipped update: a long training warns ever more rarely.

    Args:
        count: Updates skipped so far, this one included.
    """
    return logging.WARNING if count <= 3 or count.bit_count() == 1 else logging.INFO


def skip_update(run: StageRun, parent: Artifact, out: ArtifactWriter) -> dict[str, float]:
    """Publish the unchanged policy, with its optimizer's state and its adapter.

    Returns:
        The metrics of the update that was not made.
    """
    checkpoint = parent.record(PolicyCheckpoint)
    files = [*checkpoint.model_files, *checkpoint.optimizer_files, *checkpoint.adapter_files]
    parent.checkout(out.path("config.json").parent, files)
    count = skipped(checkpoint) + 1
    _LOG.log(
        level(count),
        "%s, iteration %d: no token carries signal (no response to learn from, or groups whose "
        "rewards are all equal), so the policy stays as it is; %d of %d updates were skipped so "
        "far. If this goes on: ask easier problems, sample larger groups, or allow longer "
        "responses",
        run.arm.name,
        run.iteration,
        count,
        checkpoint.updates + 1,
    )
    return {"loss": 0.0, "grad_norm": 0.0, "optimizer_steps": 0.0, SKIPPED: float(count)}
