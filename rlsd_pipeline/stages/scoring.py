"""Scoring the responses of a place as its experiment declares it."""

from collections.abc import Sequence

from rlsd_pipeline.models.policy import EncodedPrompt, Policy
from rlsd_pipeline.models.scoring import Keep, Scored, score_responses
from rlsd_pipeline.stages.run import StageRun


def score_here(
    run: StageRun,
    policy: Policy,
    prompts: Sequence[EncodedPrompt | None],
    completion_ids: Sequence[Sequence[int]],
    keep: Keep | None,
) -> list[Scored | None]:
    """`score_responses` at the experiment's temperature and batch size, told to its progress."""
    return score_responses(
        policy,
        prompts,
        completion_ids,
        temperature=run.experiment.sampling.temperature,
        micro_batch_tokens=run.experiment.update.micro_batch_tokens,
        keep=keep,
        progress=run.workspace.progress.advance,
    )
