"""The numbers of an artifact that trackers draw as curves, by name."""

from collections import Counter
from math import isfinite

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rlsd_pipeline.artifacts import Artifact
from rlsd_pipeline.artifacts.columns import columns_beside
from rlsd_pipeline.artifacts.validation import contiguous
from rlsd_pipeline.diagnostics.moments import table_moments
from rlsd_pipeline.groups import Groups
from rlsd_pipeline.stages.stage import Stage
from rlsd_pipeline.verifiers.groups import unjudged_groups
from schemas import BenchmarkScore, Reward, Verdict

Numbers = dict[str, float]

STREAMS = ("token_advantages", "distillation_weights", "nll_weights", "anchor_weights")


def stage_metrics(stage: Stage, artifact: Artifact) -> Numbers:
    """The numbers and measurements of an artifact, as `stage/name`."""
    read = stage.metrics(artifact)
    if read is None:
        return {}
    found = {**artifact.manifest.measurements, **read}
    return {f"{artifact.stage}/{name}": value for name, value in found.items() if isfinite(value)}


def rollout_metrics(rollouts: pa.Table) -> Numbers:
    """Tokens, lengths of the responses, and the share that the limit cut."""
    lengths = contiguous(rollouts["completion_ids"]).value_lengths().to_numpy()
    cut = rollouts["finish_reason"].to_pylist().count("length")
    return {
        "tokens": int(lengths.sum()),
        "response_length": float(lengths.mean()),
        "response_length_max": int(lengths.max()),
        "cut_share": cut / len(lengths),
    }


def reward_metrics(rewards: pa.Table) -> Numbers:
    """Mean reward and its parts, rollouts read or of a group that varies, verdict counts."""
    present = rewards["reward"].drop_null().to_pylist()
    verdicts = Counter(rewards["verdict"].to_pylist())
    advantages = rewards["advantage"].to_numpy()
    # An unverified response is neither right nor wrong.
    verified = len(rewards) - verdicts[Verdict.UNVERIFIED] - verdicts[Verdict.NO_REWARD]
    return {
        **({"reward": sum(present) / len(present)} if present else {}),
        **({"accuracy": verdicts[Verdict.CORRECT] / verified} if verified else {}),
        "format": rewards["format_ok"].to_pylist().count(True) / len(rewards),
        "readable_share": rewards["extracted"].is_valid().to_pylist().count(True) / len(rewards),
        "signal_share": float(np.mean(advantages != 0)),
        "unjudged_groups": len(
            unjudged_groups(
                Groups(rewards["problem_id"].to_pylist()), rewards["verdict"].to_pylist()
            )
        ),
        **{
            f"verdict_{verdict.value}": verdicts[verdict.value]
            for verdict in Verdict
            if verdict not in (Verdict.UNVERIFIED, Verdict.NO_REWARD) or verdicts[verdict.value]
        },
        **part_means(rewards),
    }


def part_means(rewards: pa.Table) -> Numbers:
    """Mean of what each part of the reward gave, before its weight, over what it spoke of."""
    means = {
        name: pc.mean(rewards[name]).as_py()
        for name in columns_beside(Reward, rewards.column_names)
    }
    return {name: mean for name, mean in means.items() if mean is not None}


def logprob_metrics(logprobs: pa.Table) -> Numbers:
    """Entropy, and moments of the information gain over the tokens that a teacher scored.

    All in nats a token. `teacher_kl` is the plain estimate of the on-policy reverse KL.
    """
    found: Numbers = {"entropy": table_moments(logprobs).entropy}
    student, teacher = (contiguous(logprobs[f"{who}_logprobs"]) for who in ("student", "teacher"))
    scored = teacher.is_valid()
    if not pc.any(scored).as_py():
        return found
    ours, theirs = (
        lists.filter(scored).flatten().to_numpy().astype(np.float64) for lists in (student, teacher)
    )
    gain = theirs - ours
    return found | {
        "teacher_kl": float(-gain.mean()),
        "information_gain_mean": float(gain.mean()),
        "information_gain_std": float(gain.std()),
        "information_gain_abs_mean": float(np.abs(gain).mean()),
        "information_gain_max": float(gain.max()),
        "information_gain_min": float(gain.min()),
        "information_gain_positive_share": float(np.mean(gain > 0)),
    }


def weight_metrics(weights: pa.Table) -> Numbers:
    """Mean, spread and extremes of each present stream."""
    found: Numbers = {}
    for name in STREAMS:
        values = contiguous(weights[name]).flatten().to_numpy().astype(np.float64)
        if len(values):
            found |= {
                f"{name}_mean": float(values.mean()),
                f"{name}_std": float(values.std()),
                f"{name}_min": float(values.min()),
                f"{name}_max": float(values.max()),
            }
    return found


def score_metrics(score: BenchmarkScore) -> Numbers:
    """The score with its interval, and the responses that came to no verdict."""
    plain = ("score", "interval_low", "interval_high", "questions", "correct", "unparsed")
    found: Numbers = {name: getattr(score, name) for name in (*plain, "truncated", "guessed")}
    found["verifier_errors"] = score.verifier_errors
    # Not every tracker takes `@` and `^` in a name.
    named = {"@": "_at_", "^": "_hat_"}
    for name, value in score.pass_at.items():
        found["".join(named.get(letter, letter) for letter in name)] = value
    return found
