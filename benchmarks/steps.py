"""One piece of a training step in this project: `python -m benchmarks.steps PART FORM`.

Parts: `prompts` (their one pass), `sampling`, `scoring`, `update`, and whole steps: `grpo` samples,
rewards, weights and updates; `rlsd` scores the teacher as well. Forms: `shared` runs a prompt once
for its group, `repeated` once for every response, and `plain` does so with transformers and torch
alone; sampling has transformers' `generate` to be compared with, on repeated rows or with
`num_return_sequences`.
"""

import argparse
from collections.abc import Callable

import torch

from benchmarks.bare_step import Asked, Sizes, bare_step, sample, score
from benchmarks.operations import counted
from benchmarks.plain import plain_scoring, plain_update
from benchmarks.suites import FORMS
from benchmarks.timing import emit, measure
from benchmarks.workload import QUESTION, TEACHER, Workload
from rlsd_pipeline.config.update import UpdateConfig
from rlsd_pipeline.models.allocator import keep_freed_memory
from rlsd_pipeline.models.policy import Policy
from rlsd_pipeline.models.prefix import collate, prefill
from rlsd_pipeline.rollouts.engine import Completion
from rlsd_pipeline.update.policy_update import UpdateGroup, make_optimizer, update_policy
from rlsd_pipeline.update.token_loss import Tokens
from rlsd_pipeline.weighting.grpo import GRPO
from rlsd_pipeline.weighting.method import TokenStreams, Weighting
from rlsd_pipeline.weighting.rlsd import RLSD

Run = Callable[[], object]


def generate(workload: Workload, policy: Policy, form: str) -> Run:
    """Transformers' own sampling of the same responses."""
    repeats = workload.group if form == "generate" else 1
    asked = workload.encode(policy, QUESTION)
    batch = collate([prompt for prompt in asked for _ in range(repeats)])
    return lambda: policy.model.generate(
        input_ids=batch.input_ids,
        attention_mask=batch.attention_mask,
        **batch.inputs,
        num_return_sequences=workload.group // repeats,
        do_sample=True,
        top_k=0,
        top_p=1.0,
        temperature=1.0,
        min_new_tokens=workload.tokens,
        max_new_tokens=workload.tokens,
    )


def prompts(workload: Workload, policy: Policy, form: str) -> Run:
    """What sampling, scoring and the update do once per prompt."""
    batch = collate(workload.encode(policy, QUESTION))
    return torch.no_grad()(lambda: prefill(policy.model, batch))


def sampling(workload: Workload, policy: Policy, form: str) -> Run:
    """Draw every response to its full length."""
    if form != "shared":
        return generate(workload, policy, form)
    asked, sizes = workload.encode(policy, QUESTION), Sizes(workload.group, workload.tokens)
    return lambda: sample(policy, asked, sizes, workload.keys)


def scoring(workload: Workload, policy: Policy, form: str) -> Run:
    """Log-probabilities of all responses, as the student and as the teacher get them."""
    if form == "plain":
        return plain_scoring(workload, policy)
    policy.shares_prefix = form == "shared"
    asked = workload.encode(policy, QUESTION)
    ids = [one for group in workload.responses() for one in group]
    return lambda: score(policy, asked, ids)


def update(workload: Workload, policy: Policy, form: str) -> Run:
    """One optimizer step on all responses, none of them in a micro-batch of its own."""
    config = UpdateConfig(micro_batch_tokens=2**20)
    if form == "plain":
        return plain_update(workload, policy, config)
    policy.shares_prefix = form == "shared"
    advantages = torch.linspace(-1, 1, workload.group).repeat_interleave(workload.tokens)
    old = torch.full_like(advantages, -5.0)
    tokens = Tokens(old, TokenStreams(advantages), None)
    asked = workload.encode(policy, QUESTION)
    pairs = zip(asked, workload.responses(), strict=True)
    groups = [UpdateGroup(prompt, ids, tokens) for prompt, ids in pairs]
    optimizer = make_optimizer(policy, config)
    return lambda: update_policy(policy, optimizer, groups, config, temperature=1.0, seed=0)


def whole(workload: Workload, policy: Policy, method: Weighting) -> Run:
    """A step on images of its own, with any reward that reads the text."""

    def reward(_: int, completion: Completion) -> float:
        return float(len(policy.decode(completion.completion_ids)) % 2)

    def ask(number: int) -> Asked:
        plain = workload.encode(policy, QUESTION, number)
        teacher = workload.encode(policy, TEACHER, number) if method.reads_teacher else []
        return Asked(plain, teacher, reward, workload.keys, number)

    return bare_step(policy, method, Sizes(workload.group, workload.tokens), UpdateConfig(), ask)


PARTS = {"prompts": prompts, "sampling": sampling, "scoring": scoring, "update": update}


def build(part: str, form: str, workload: Workload) -> Run:
    """What is to be timed."""
    policy = workload.policy()
    policy.end_token_ids = ()
    if form in ("shared", "repeated"):
        # As the pool of policies does.
        keep_freed_memory()
    if part in ("grpo", "rlsd"):
        return whole(workload, policy, {"grpo": GRPO(), "rlsd": RLSD()}[part])
    return PARTS[part](workload, policy, form)


def main() -> None:
    """Time one part in one form; of the parts that have several, count the operations too."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", choices=[*PARTS, "grpo", "rlsd"])
    forms = ["shared", "repeated", "plain", "generate", "num_return_sequences"]
    parser.add_argument("form", choices=forms)
    parser.add_argument("--repeats", type=int, default=2)
    workload, given = Workload.parse(parser)
    run = build(given.part, given.form, workload)
    figures = measure(run, given.repeats)
    if given.part in FORMS:
        figures["operations"] = counted(run)
    emit(figures)


if __name__ == "__main__":
    main()
