"""gradient_comparison: the gradient of every method's loss at one policy, on the same rollouts.

Unlike the comparison of streams it needs the policy, and scores what a method's own teacher would
have seen.
"""

import torch
from torch import Tensor

from rlsd_pipeline.artifacts import Artifact, ArtifactWriter
from rlsd_pipeline.config.precision import training_precision
from rlsd_pipeline.models.policy import Policy
from rlsd_pipeline.stages.comparison.compared_methods import compared_methods
from rlsd_pipeline.stages.comparison.what_if import WhatIf, as_if
from rlsd_pipeline.stages.iteration.logprobs import score_rollouts
from rlsd_pipeline.stages.iteration.token_weights import weigh_tokens
from rlsd_pipeline.stages.iteration.update_groups import update_groups
from rlsd_pipeline.stages.requests import gradient_comparison_request, inputs_of
from rlsd_pipeline.stages.run import StageRun
from rlsd_pipeline.update.policy_update import accumulate_gradients
from schemas import GradientComparison


def compare_gradients(run: StageRun) -> Artifact:
    """The norm of each method's gradient, and the cosine between every two."""
    policy = run.read("policy")
    prepared = {n: as_if(run, n, method) for n, method in compared_methods(run).items()}

    def write(out: ArtifactWriter) -> None:
        for what_if in prepared.values():
            score_rollouts(what_if)
            weigh_tokens(what_if)
        loaded = run.workspace.pool.get(policy, training_precision(run.experiment))
        progress = run.workspace.progress
        progress.start("gradient_comparison", len(prepared), "methods")
        gradients = []
        for what_if in prepared.values():
            gradients.append(_gradient(what_if, loaded))
            progress.advance(1)
        out.record(
            GradientComparison(
                policy=policy.digest,
                methods=list(prepared),
                norms=[gradient.norm().item() for gradient in gradients],
                cosines=_cosines(gradients),
            )
        )

    arms = {name: what_if.arm for name, what_if in prepared.items()}
    return run.produce(gradient_comparison_request(run, arms), write)


def _gradient(what_if: WhatIf, policy: Policy) -> Tensor:
    """The gradient of the whole table's mean loss; `[parameters]`, float64."""
    groups = update_groups(what_if, inputs_of(what_if, "policy_checkpoint"), policy)
    policy.model.zero_grad(set_to_none=True)
    accumulate_gradients(
        policy,
        groups,
        what_if.arm.update,
        what_if.arm.weighting.stored_divergence,
        temperature=what_if.experiment.sampling.temperature,
    )
    flat = [
        torch.zeros(p.numel(), dtype=torch.float64)
        if p.grad is None
        else p.grad.cpu().double().flatten()
        for p in policy.trained.values()
    ]
    policy.model.zero_grad(set_to_none=True)
    return torch.cat(flat)


def _cosines(gradients: list[Tensor]) -> list[list[float | None]]:
    return [
        [
            (a @ b / (a.norm() * b.norm())).clamp(-1, 1).item() if a.any() and b.any() else None
            for b in gradients
        ]
        for a in gradients
    ]
