"""The tiny experiment with one arm, and small micro-batches."""

from typing import Any

from tests.small_experiment import ATTRIBUTES as SMALL

ATTRIBUTES: dict[str, Any] = {
    **{name: part for name, part in SMALL.items() if name != "teacher"},
    "update": {"learning_rate": 2e-4, "micro_batch_tokens": 500},
    "arms": [{"weighting": {"type": "grpo"}}],
    "iterations": 2,
    "evaluation": {"benchmarks": [{"type": "heldout", "name": "greedy"}]},
}

TWO_PROCESSES = {"type": "torchrun", "processes_per_node": 2, "device": "cpu", "threads": 1}
