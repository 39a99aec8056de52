"""What each stage reads and depends on: the one source of fingerprints and of the asset graph."""

from typing import NamedTuple


class StageContract(NamedTuple):
    """The declared side of a stage.

    Attributes:
        version: Raised by hand when the same inputs give another result.
        reads: Stages whose artifacts it reads.
        experiment: Parts of the experiment that decide its result; what an arm adds stands in
            its request.
    """

    version: str
    reads: tuple[str, ...] = ()
    experiment: tuple[str, ...] = ()


CONTRACTS = {
    "problems": StageContract("3", (), ("dataset", "verifier")),
    "policy": StageContract("2", (), ("model",)),
    "rollouts": StageContract("3", ("problems", "policy"), ("sampling", "engine", "prompts")),
    "rewards": StageContract("2", ("problems", "rollouts"), ("verifier", "reward")),
    # Rewards count only where the teacher is shown a success or a verdict; see its request.
    "logprobs": StageContract("4", ("problems", "policy", "rollouts", "rewards"), ("prompts",)),
    "token_weights": StageContract("2", ("rollouts", "rewards", "logprobs"), ("verifier",)),
    "policy_checkpoint": StageContract(
        "3",
        ("problems", "policy", "rollouts", "logprobs", "token_weights"),
        ("prompts",),
    ),
    "weighting_comparison": StageContract("1", ("rollouts", "rewards", "logprobs"), ("verifier",)),
    "gradient_comparison": StageContract(
        "2", ("problems", "policy", "rollouts", "rewards"), ("prompts", "verifier")
    ),
    "information_gap": StageContract(
        "2", ("problems", "policy", "rollouts", "rewards"), ("prompts",)
    ),
    "benchmark_items": StageContract("1"),
    "benchmark_responses": StageContract("2", ("policy",)),
    # Of the experiment's own problems, or of a benchmark's items; see the request.
    "benchmark_scores": StageContract("3", ("policy",), ("verifier", "prompts")),
}

ITERATION_STAGES = ("rollouts", "rewards", "logprobs", "token_weights", "policy_checkpoint")
"""The stages of one iteration, in order."""
