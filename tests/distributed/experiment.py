"""A tiny experiment whose updates move weights, as a user would declare it."""

from typing import Any

ATTRIBUTES: dict[str, Any] = {
    "dataset": {
        "type": "easy_vqa",
        "train_questions": 10,
        "test_questions": 5,
        "warm_start_images": 60,
    },
    "model": {
        "type": "tiny_qwen3_vl",
        "hidden_size": 32,
        "intermediate_size": 48,
        "vision_hidden_size": 16,
        "vocabulary": 300,
        "warm_start": {"steps": 2, "batch_size": 4},
    },
    "prompts": {
        "student": "{question}",
        "answer_reference": "{question} reference: {answer}",
        "solution_reference": "{question} solution: {solution}",
    },
    "sampling": {"prompts": 4, "group_size": 4, "max_prompt_tokens": 128, "max_tokens": 12},
    # A model that has learnt nothing often writes broken UTF-8; rewarding that gives it something
    # to learn from.
    "verifier": {"type": "exact", "extraction": {"type": "last_line", "prefix": "\ufffd"}},
    "update": {"learning_rate": 2e-4, "micro_batch_tokens": 500},
    "arms": [{"weighting": {"type": "grpo"}}],
    "iterations": 2,
    "evaluation": {"benchmarks": [{"type": "heldout", "name": "greedy"}]},
    "compute": {"type": "local", "threads": 1},
}

TWO_PROCESSES = {"type": "torchrun", "processes_per_node": 2, "device": "cpu", "threads": 1}
