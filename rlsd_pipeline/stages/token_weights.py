"""token_weights: the per-token streams of the arm's method."""

import pyarrow as pa
import torch
from torch import Tensor

from rlsd_pipeline.artifacts import Artifact, ArtifactWriter
from rlsd_pipeline.artifacts.tables import to_table
from rlsd_pipeline.errors import AlignmentError
from rlsd_pipeline.stages.requests import token_weights_request
from rlsd_pipeline.stages.run import StageRun
from rlsd_pipeline.weighting.columns import completion_mask, padded, ragged
from rlsd_pipeline.weighting.dispatch import token_streams
from rlsd_pipeline.weighting.schedule import at_iteration
from rlsd_pipeline.weighting.streams import Credit, TokenStreams
from schemas import Reward, Rollout, TokenLogprobs, TokenWeights


def weigh_tokens(run: StageRun) -> Artifact:
    """Turn rewards and log-probabilities into the credit of each token."""
    rollouts, rewards, logprobs = (run.read(s) for s in ("rollouts", "rewards", "logprobs"))
    weighting = at_iteration(run.arm.weighting, run.iteration)
    _require_rewards_of(rollouts, rewards)

    def write(out: ArtifactWriter) -> None:
        scored = logprobs.table(TokenLogprobs)
        run.workspace.progress.start("token_weights", len(scored), "rollouts")
        credit = read_credit(rewards.table(Reward), scored)
        streams = token_streams(weighting, credit)
        columns = {"rollout_id": scored["rollout_id"], "completion_ids": scored["completion_ids"]}
        for name, values in streams._asdict().items():
            present = values is not None
            columns[name] = (
                ragged(values, credit.completion_mask) if present else [None] * len(scored)
            )
        table = to_table(TokenWeights, columns)
        out.table(TokenWeights, table, aligned_with=rollouts.table(Rollout))
        out.measure(**summary(credit, streams))
        run.workspace.progress.advance(len(scored))

    return run.produce(token_weights_request(run), write)


def _require_rewards_of(rollouts: Artifact, rewards: Artifact) -> None:
    """Another draw has the same rollout ids, and rewards hold no tokens that would tell."""
    judged = rewards.manifest.inputs.get("rollouts")
    if judged not in (None, rollouts.digest):
        raise AlignmentError(
            f"the rewards {rewards.digest[:12]} are those of the rollouts {judged[:12]}, and the "
            f"rollouts here are {rollouts.digest[:12]}: materialize rewards again"
        )


def read_credit(rewards: pa.Table, logprobs: pa.Table) -> Credit:
    """The tables of one iteration as the tensors a method reads.

    Raises:
        AlignmentError: The tables are not about the same rollouts in the same order.
    """
    if rewards["rollout_id"].to_pylist() != logprobs["rollout_id"].to_pylist():
        raise AlignmentError(
            "the tables of rewards and of log-probabilities are not about the same rollouts in "
            "the same order: materialize both again from one table of rollouts"
        )
    mask = completion_mask(logprobs)
    teacher = logprobs["teacher_logprobs"]
    return Credit(
        advantages=torch.tensor(rewards["advantage"].to_pylist(), dtype=torch.float32),
        student_logprobs=padded(logprobs["student_logprobs"], mask),
        teacher_logprobs=None if teacher.null_count else padded(teacher, mask),
        completion_mask=mask,
    )


def summary(credit: Credit, streams: TokenStreams) -> dict[str, float]:
    """Numbers worth a curve, over the tokens that carry signal; medians, since tails are wild."""
    signal = credit.completion_mask & (credit.advantages != 0)[:, None]
    numbers = {"signal_share": _share(signal[credit.completion_mask])}
    if streams.token_advantages is not None and signal.any():
        multiplier = (streams.token_advantages / credit.advantages[:, None])[signal]
        numbers["multiplier_median"] = multiplier.median().item()
        numbers["multiplier_p05"], numbers["multiplier_p95"] = multiplier.quantile(
            torch.tensor([0.05, 0.95])
        ).tolist()
    if credit.teacher_logprobs is not None and signal.any():
        gain = (credit.teacher_logprobs - credit.student_logprobs)[signal]
        numbers["information_gain_median"] = gain.median().item()
        numbers["information_gain_abs_median"] = gain.abs().median().item()
    return numbers


def _share(values: Tensor) -> float:
    return values.float().mean().item() if len(values) else 0.0
