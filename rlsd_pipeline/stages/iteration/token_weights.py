"""token_weights: the per-token streams of the arm's method."""

from dataclasses import replace

from rlsd_pipeline.artifacts import Artifact, ArtifactWriter
from rlsd_pipeline.artifacts.tables import to_table
from rlsd_pipeline.credit.summary import summary
from rlsd_pipeline.credit.tables import ragged, read_credit, row_offsets
from rlsd_pipeline.stages.iteration.alignment import require_made_from
from rlsd_pipeline.stages.requests import token_weights_request
from rlsd_pipeline.stages.run import StageRun
from schemas import Reward, Rollout, TokenLogprobs, TokenWeights


def weigh_tokens(run: StageRun) -> Artifact:
    """Turn rewards and log-probabilities into the credit of each token."""
    rollouts, rewards, logprobs = (run.read(s) for s in ("rollouts", "rewards", "logprobs"))
    weighting = run.arm.weighting.at_iteration(run.iteration)
    require_made_from(rewards, rollouts)
    require_made_from(logprobs, rollouts)

    def write(out: ArtifactWriter) -> None:
        sampled, scored = rollouts.table(Rollout), logprobs.table(TokenLogprobs)
        run.workspace.progress.start("token_weights", len(scored), "rollouts")
        extraction = run.workspace.verifier.extraction
        credit = read_credit(sampled, rewards.table(Reward), scored, extraction)
        if weighting.reads_teacher and credit.teacher_logprobs is None:
            # There was nothing to show to the teacher, so it knew no more than the student.
            credit = replace(credit, teacher_logprobs=credit.student_logprobs)
        streams = weighting.streams(credit)
        offsets = row_offsets(scored["completion_ids"])
        columns = {"rollout_id": scored["rollout_id"], "completion_ids": scored["completion_ids"]}
        for name, values in streams._asdict().items():
            columns[name] = [None] * len(scored) if values is None else ragged(values, offsets)
        out.table(TokenWeights, to_table(TokenWeights, columns), aligned_with=sampled)
        out.measure(**summary(credit, streams))
        run.workspace.progress.advance(len(scored))

    return run.produce(token_weights_request(run), write)
