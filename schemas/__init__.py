"""The contracts between stages, in the order in which they are made.

    Problem            a question, its images and its privileged answer
    Rollout            one sampled response to it, token by token
    Reward             the verdict on the response, its reward and advantage
    ImportedRollout    what another trainer's log says about a response that it sampled
    ImportReport       how many rows of such a log were used, and why others were not
    TokenLogprobs      the same tokens scored by the student and the privileged teacher
    TeacherDistribution  the teacher's likeliest next tokens, where a method matches them
    StateRewards       the rewards of the continuations of a state of the response
    TokenValues        the values of the states of the response, measured by continuations
    TokenWeights       the per-token streams that a method makes of rewards and logprobs
    WeightingComparison  the credit of every method on the same tokens
    GradientComparison  the gradient of every method's loss on the same rollouts
    InformationGap     how the reference changes the teacher, and how much of it cannot be learnt
    PolicyCheckpoint   the policy after an update by these streams
    BenchmarkResponse  that policy's response to a question of a benchmark
    ItemVerdict        the verdict on one of these responses
    QuestionScore      the score of one question, over its responses
    BenchmarkScore     the score over all questions, with its interval
    Results            the newest scores of all methods, beside the base and each other
    Lookahead          the scores after one update by every method from one policy

`Manifest` accompanies every artifact, and a `Reference` names one. A record is frozen, documents
each of its fields, shows a worked example and has a schema version; `python -m schemas` prints them
as JSON Schema.
"""

from schemas.benchmark_response import BenchmarkResponse, ItemVerdict, QuestionScore
from schemas.benchmark_score import BenchmarkScore, BreakdownScore, JudgeScore
from schemas.gradient_comparison import GradientComparison, GradientSignal, MethodSignal
from schemas.imported_rollout import ImportedRollout, ImportReport, TokenSource
from schemas.information_gap import InformationGap
from schemas.interval import Interval, ScoreDifference
from schemas.manifest import FileEntry, Manifest, Reference
from schemas.policy_checkpoint import PolicyCheckpoint
from schemas.problem import Problem
from schemas.record import Contract, Record
from schemas.results import (
    Lookahead,
    MethodLookahead,
    MethodResult,
    Results,
)
from schemas.reward import Reward, Verdict
from schemas.rollout import FinishReason, Rollout
from schemas.state_rewards import StateRewards
from schemas.teacher_distribution import TeacherDistribution
from schemas.token_logprobs import TokenLogprobs
from schemas.token_values import TokenValues
from schemas.token_weights import TokenWeights
from schemas.weighting_comparison import (
    ComparedCredit,
    CreditFidelity,
    FidelityDifference,
    MethodCredit,
    MethodFidelity,
    WeightingComparison,
)

__all__ = [
    "BenchmarkResponse",
    "BenchmarkScore",
    "BreakdownScore",
    "ComparedCredit",
    "Contract",
    "CreditFidelity",
    "FidelityDifference",
    "FileEntry",
    "FinishReason",
    "GradientComparison",
    "GradientSignal",
    "ImportReport",
    "ImportedRollout",
    "InformationGap",
    "Interval",
    "ItemVerdict",
    "JudgeScore",
    "Lookahead",
    "Manifest",
    "MethodCredit",
    "MethodFidelity",
    "MethodLookahead",
    "MethodResult",
    "MethodSignal",
    "PolicyCheckpoint",
    "Problem",
    "QuestionScore",
    "Record",
    "Reference",
    "Results",
    "Reward",
    "Rollout",
    "ScoreDifference",
    "StateRewards",
    "TeacherDistribution",
    "TokenLogprobs",
    "TokenSource",
    "TokenValues",
    "TokenWeights",
    "Verdict",
    "WeightingComparison",
]
