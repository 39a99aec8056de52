"""Scores responses as the experiment declares, at the declared place of computation."""

from collections.abc import Sequence
from functools import partial

from rlsd_pipeline.artifacts import Artifact
from rlsd_pipeline.config.precision import training_precision
from rlsd_pipeline.models.policy import EncodedPrompt
from rlsd_pipeline.models.scoring import Keep, Scored, by_response, score_piece, scoring_pieces
from rlsd_pipeline.stages.workspace import StageRun


def score_here(
    run: StageRun,
    policy: Artifact,
    prompts: Sequence[EncodedPrompt | None],
    completion_ids: Sequence[Sequence[int]],
    keep: Keep | None,
    *,
    moments: bool = False,
) -> list[Scored | None]:
    """`score_responses` at the experiment's temperature and batch size, with progress.

    Student and teacher are scored in the precision that trains, so that a policy's ratio to itself
    is 1 at the first step, and Δ holds no difference between precisions.
    """
    size = run.experiment.update.micro_batch_tokens
    pieces = scoring_pieces(prompts, completion_ids, size, keep, moments=moments)
    work = partial(score_piece, temperature=run.experiment.sampling.temperature)
    advance = run.workspace.progress.advance
    precision = training_precision(run.experiment)
    results = run.workspace.compute.each(policy, work, pieces, advance, precision)
    return by_response(pieces, results, len(prompts))
