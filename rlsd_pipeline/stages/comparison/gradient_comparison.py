"""gradient_comparison: the gradient of every method's loss at one policy, on the same rollouts.

Unlike the comparison of streams it needs the policy, and scores what a method's own teacher would
have seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from rlsd_pipeline.config.precision import training_precision, update_identity
from rlsd_pipeline.credit.identity import credit_identity
from rlsd_pipeline.stages.comparison.compared_methods import compared_methods
from rlsd_pipeline.stages.iteration.policy_checkpoint import PolicyCheckpointStage
from rlsd_pipeline.stages.stage import Stage, plain
from schemas import GradientComparison

if TYPE_CHECKING:
    from torch import Tensor

    from rlsd_pipeline.artifacts import Artifact, ArtifactWriter
    from rlsd_pipeline.models.policy import Policy
    from rlsd_pipeline.stages.comparison.what_if import WhatIf
    from rlsd_pipeline.stages.run import StageRun


class GradientComparisonStage(Stage):
    """The norm of each method's gradient, and the cosine between every two."""

    type: Literal["gradient_comparison"] = "gradient_comparison"

    name = "gradient_comparison"
    description = "The gradient of every method's loss at one policy, on the same rollouts."
    version = "2"
    reads = ("problems", "policy", "rollouts", "rewards")
    decided_by = ("prompts", "verifier")
    writes = (GradientComparison,)
    computes = True

    def settings(self, run: StageRun) -> dict[str, Any]:
        """Every method as an arm would have it; an earlier policy that teaches is in this past."""
        methods = {
            name: credit_identity(what_if.arm.weighting, what_if.arm.advantages)
            | plain(what_if.arm, "teacher", "privileged")
            | {"update": what_if.arm.update.identity}
            for name, what_if in _compared(run).items()
        }
        temperature = run.experiment.sampling.temperature
        found = {"methods": methods, "temperature": temperature}
        return found | update_identity(run.experiment)

    def write(self, run: StageRun, inputs: Mapping[str, Artifact], out: ArtifactWriter) -> None:
        """Score and weigh as every method would, and differentiate."""
        from rlsd_pipeline.stages.comparison.what_if import make_credit

        prepared, policy = _compared(run), inputs["policy"]
        for what_if in prepared.values():
            make_credit(what_if)
        loaded = run.workspace.pool.get(policy, training_precision(run.experiment))
        progress = run.workspace.progress
        progress.start(self.name, len(prepared), "methods")
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


def _compared(run: StageRun) -> dict[str, WhatIf]:
    from rlsd_pipeline.stages.comparison.what_if import as_if

    return {name: as_if(run, name, method) for name, method in compared_methods(run).items()}


def _gradient(what_if: WhatIf, policy: Policy) -> Tensor:
    """The gradient of the whole table's mean loss; `[parameters]`, float64."""
    import torch

    from rlsd_pipeline.stages.iteration.update_groups import update_groups
    from rlsd_pipeline.update.policy_update import accumulate_gradients

    inputs = what_if.stage(PolicyCheckpointStage).inputs(what_if)
    groups = update_groups(what_if, inputs, policy)
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
