"""The contracts between stages, in the order in which they are made.

    Problem            a question, its images and its privileged answer
    Rollout            one sampled response to it, token by token
    Reward             the verdict on the response, its reward and advantage
    TokenLogprobs      the same tokens scored by the student and the privileged teacher
    TokenWeights       what a method makes of rewards and logprobs, per token
    PolicyCheckpoint   the policy after an update with these weights
    ItemVerdict        the verdict on one response of that policy to a benchmark
    BenchmarkScore     the score over all of them, with its interval

`Manifest` accompanies every artifact. A record is frozen, documents each of its fields, shows
a worked example and has a schema version; `python -m schemas` prints them as JSON Schema.
"""

from schemas.benchmark_score import BenchmarkScore, BreakdownScore, ItemVerdict
from schemas.manifest import FileEntry, Manifest
from schemas.policy_checkpoint import PolicyCheckpoint
from schemas.problem import Problem
from schemas.record import Contract, Record
from schemas.reward import Reward, Verdict
from schemas.rollout import FinishReason, Rollout
from schemas.token_logprobs import TokenLogprobs
from schemas.token_weights import TokenWeights

__all__ = [
    "BenchmarkScore",
    "BreakdownScore",
    "Contract",
    "FileEntry",
    "FinishReason",
    "ItemVerdict",
    "Manifest",
    "PolicyCheckpoint",
    "Problem",
    "Record",
    "Reward",
    "Rollout",
    "TokenLogprobs",
    "TokenWeights",
    "Verdict",
]
