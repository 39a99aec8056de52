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
    # A model that has learnt nothing often writes broken UTF-8. Rewarding that makes some of its
    # responses better than others, so that every update changes weights and optimizer.
    "verifier": {"type": "exact", "extraction": {"type": "last_line", "prefix": "\ufffd"}},
    "teacher": {"type": "synced", "every": 2},
    "update": {"learning_rate": 1e-3},
    "arms": [{"weighting": {"type": "grpo"}}, {"weighting": {"type": "rlsd", "decay": 4}}],
    "iterations": 3,
    "evaluation": {"every": 2, "benchmarks": [{"type": "heldout", "name": "greedy"}]},
    "compute": {"type": "local", "threads": 1},
}
