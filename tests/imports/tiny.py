"""The tiny Qwen3-VL that stands beside the logs, and the sums that it was asked."""

from pathlib import Path

import torch

from rlsd_pipeline.config.filled_template import FilledTemplate
from rlsd_pipeline.config.model import TinyQwen3VL
from rlsd_pipeline.models.policy import Policy
from rlsd_pipeline.models.tiny_qwen3_vl import build_policy, train_tokenizer

SUMS = [(2, 3), (4, 1), (6, 2), (1, 7), (5, 4), (3, 3), (7, 1), (2, 2)]


def question(a: int, b: int) -> str:
    return f"What is {a} plus {b}?"


def response(a: int, b: int) -> str:
    return f"<think>{a} and {b} make {a + b}</think><answer>{a + b}</answer>"


def tiny_policy() -> Policy:
    """Untrained; its tokenizer has learnt the sums' words."""
    texts = [f"user\n{question(a, b)} assistant\n{response(a, b)}" for a, b in SUMS]
    tokenizer = train_tokenizer(texts, 320)
    return build_policy(TinyQwen3VL(), tokenizer)


def save_tiny(folder: Path) -> Path:
    """The model as a folder that transformers and TRL load."""
    folder.mkdir(parents=True, exist_ok=True)
    tiny_policy().save(folder)
    return folder


def save_taught(folder: Path) -> Path:
    """The tiny model after some steps on right answers, so that it answers in words.

    TRL's trainer began with it: the log's first step was sampled by this policy.
    """
    torch.manual_seed(0)
    policy = tiny_policy()
    optimizer = torch.optim.AdamW(policy.model.parameters(), lr=3e-3)
    pairs = [
        (
            policy.encode(question(a, b)).prompt_ids,
            policy.response_ids(FilledTemplate.fill(response(a, b), {})),
        )
        for a, b in SUMS
    ]
    policy.model.train()
    for _ in range(40):
        for prompt, answer in pairs:
            ids = torch.tensor([prompt + answer])
            labels = torch.tensor([[-100] * len(prompt) + answer])
            policy.model(input_ids=ids, labels=labels).loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    policy.model.eval()
    folder.mkdir(parents=True, exist_ok=True)
    policy.save(folder)
    return folder
