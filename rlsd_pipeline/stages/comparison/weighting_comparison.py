"""weighting_comparison: all methods on the rollouts of one iteration, from cached tables alone."""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from rlsd_pipeline.artifacts import Artifact, ArtifactWriter
from rlsd_pipeline.artifacts.tables import to_table
from rlsd_pipeline.credit.comparison import (
    rank_correlations,
    summarize,
    token_credit,
    token_shares,
    within_responses,
)
from rlsd_pipeline.credit.tables import ragged, read_credit, row_offsets, segments_of
from rlsd_pipeline.stages.comparison.compared_methods import compared_methods, distinct_streams
from rlsd_pipeline.stages.iteration.alignment import require_made_from, require_sampled_by
from rlsd_pipeline.stages.requests import weighting_comparison_request
from rlsd_pipeline.stages.run import StageRun
from rlsd_pipeline.weighting.method import Credit, Weighting
from rlsd_pipeline.weighting.opd import OPD
from schemas import ComparedCredit, Reward, Rollout, TokenLogprobs, WeightingComparison


def compare_weightings(run: StageRun) -> Artifact:
    """What every method makes of the same tokens.

    Raises:
        AlignmentError: A table is of other rollouts or of another policy.
    """
    rollouts, rewards, logprobs = (run.read(s) for s in ("rollouts", "rewards", "logprobs"))
    require_sampled_by(rollouts, run.read("policy"))
    require_made_from(rewards, rollouts)
    require_made_from(logprobs, rollouts)
    named = distinct_streams(compared_methods(run))
    taught_by_another = _taught_by_another(run, named)
    shown = {name: method for name, method in named.items() if name not in taught_by_another}

    def write(out: ArtifactWriter) -> None:
        sampled, scored = rollouts.table(Rollout), logprobs.table(TokenLogprobs)
        extraction = run.workspace.verifier.extraction
        credit = read_credit(sampled, rewards.table(Reward), scored, extraction)
        segments = segments_of(sampled, extraction)
        left_out = dict(taught_by_another)
        credits = _credits(shown, credit, left_out)
        run.workspace.progress.start("weighting_comparison", len(credits), "methods")
        summaries = []
        for name, values in credits.items():
            summaries.append(
                summarize(name, named[name], values, credit, segments, _confidence(run))
            )
            run.workspace.progress.advance(1)
        rows = credit.rows.numpy()
        within = {n: within_responses(v, rows, len(sampled)) for n, v in credits.items()}
        out.record(
            WeightingComparison(
                rollouts=len(sampled),
                tokens=len(rows),
                signal_tokens=int((credit.token_advantages != 0).sum()),
                policy=rollouts.manifest.inputs["policy"],
                teacher=logprobs.manifest.inputs.get("teacher"),
                privileged=logprobs.manifest.config.get("privileged"),
                token_shares=token_shares(segments),
                methods=summaries,
                rank_correlation=rank_correlations(credits),
                rank_correlation_within=rank_correlations(within),
                left_out=left_out,
            )
        )
        out.table(ComparedCredit, _table(credits, scored))

    return run.produce(weighting_comparison_request(run, shown, taught_by_another), write)


def _taught_by_another(run: StageRun, named: Mapping[str, Weighting]) -> dict[str, str]:
    """OPD's teacher is another model: the tables of another arm do not hold it."""
    if isinstance(run.arm.weighting, OPD):
        return {}
    why = "its teacher is another model, which did not score these rollouts"
    return {name: why for name, method in named.items() if isinstance(method, OPD)}


def _credits(
    named: Mapping[str, Weighting], credit: Credit, left_out: dict[str, str]
) -> dict[str, np.ndarray]:
    """The credit by method; why one has none goes to `left_out`."""
    credits: dict[str, np.ndarray] = {}
    for name, method in named.items():
        try:
            credits[name] = token_credit(method.streams(credit), credit).numpy()
        except ValueError as error:
            left_out[name] = str(error)
    return credits


def _table(credits: Mapping[str, np.ndarray], scored: pa.Table) -> pa.Table:
    import torch

    offsets = row_offsets(scored["completion_ids"])
    parts = [
        to_table(
            ComparedCredit,
            {
                "method": [name] * len(scored),
                "rollout_id": scored["rollout_id"],
                "completion_ids": scored["completion_ids"],
                "credit": ragged(torch.from_numpy(values), offsets),
            },
        )
        for name, values in credits.items()
    ]
    return pa.concat_tables(parts)


def _confidence(run: StageRun) -> float:
    return run.experiment.evaluation.confidence
