"""gradient_comparison: the gradient of every method's loss at one policy, on the same rollouts.

With token values, the others are compared with the gradient of the measured advantages: the bias of
their mean, and the noise of one batch.

Unlike the comparison of streams it needs the policy, and scores the contexts of each method's own
teacher.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from rlsd_pipeline.config.precision import training_precision, update_identity
from rlsd_pipeline.credit.columns import COLUMNS
from rlsd_pipeline.credit.identity import credit_identity
from rlsd_pipeline.stages.comparison.compared_methods import compared_methods
from rlsd_pipeline.stages.comparison.token_values import TokenValuesStage
from rlsd_pipeline.stages.iteration.logprobs import LogprobsStage
from rlsd_pipeline.stages.iteration.policy_checkpoint import PolicyCheckpointStage
from rlsd_pipeline.stages.stage import Stage, plain
from rlsd_pipeline.weighting.grpo import GRPO
from rlsd_pipeline.weighting.vine import Vine
from schemas import GradientComparison, GradientSignal, Rollout, TokenLogprobs

if TYPE_CHECKING:
    from torch import Tensor

    from rlsd_pipeline.artifacts import Artifact, ArtifactWriter
    from rlsd_pipeline.config.experiment import ExperimentConfig
    from rlsd_pipeline.credit.gradient_signal import Products
    from rlsd_pipeline.models.policy import Policy
    from rlsd_pipeline.stages.comparison.counterfactual import Counterfactual
    from rlsd_pipeline.stages.workspace import StageRun
    from rlsd_pipeline.update.problem_gradients import GradientBatch

ORACLE = "true advantage"
"""Name of the credit that was measured."""


class GradientComparisonStage(Stage):
    """Compute the norm of each method's gradient, and the cosine between every two."""

    type: Literal["gradient_comparison"] = "gradient_comparison"

    name = "gradient_comparison"
    description = "The gradient of every method's loss at one policy, on the same rollouts."
    version = "4"
    reads = ("problems", "policy", "rollouts", "rewards")
    decided_by = ("prompts", "verifier")
    writes = (GradientComparison,)
    computes = True

    def upstream(self, experiment: ExperimentConfig) -> tuple[str, ...]:
        """Token values come before it where they are made at all."""
        return (*self.reads, TokenValuesStage.name)

    def settings(self, run: StageRun) -> dict[str, Any]:
        """Every method as an arm would have it; an earlier policy that teaches is in this past."""
        methods = {
            name: credit_identity(counterfactual.arm.weighting, counterfactual.arm.advantages)
            | plain(counterfactual.arm, "teacher", "privileged")
            | {"update": counterfactual.arm.update.identity}
            for name, counterfactual in _compared(run).items()
        }
        temperature = run.experiment.sampling.temperature
        found = {"methods": methods, "temperature": temperature}
        return found | update_identity(run.experiment)

    def inputs(self, run: StageRun) -> dict[str, Artifact]:
        """The inputs, with the token values of these rollouts if they are as declared."""
        inputs = super().inputs(run)
        if not run.stage(TokenValuesStage).is_current(run):
            return inputs
        return inputs | {TokenValuesStage.name: run.read(TokenValuesStage.name)}

    def write(self, run: StageRun, inputs: Mapping[str, Artifact], out: ArtifactWriter) -> None:
        """Score and weigh as every method would, and differentiate."""
        from rlsd_pipeline.stages.comparison.counterfactual import as_if, make_credit

        prepared, policy = _compared(run), inputs["policy"]
        reference = None
        if TokenValuesStage.name in inputs:
            reference = as_if(run, ORACLE, Vine())
        for counterfactual in [*prepared.values(), *([reference] if reference is not None else [])]:
            make_credit(counterfactual)
        prepared = {
            name: counterfactual
            for name, counterfactual in prepared.items()
            if _is_taught(counterfactual)
        }
        loaded = run.workspace.pool.get(policy, training_precision(run.experiment))
        progress = run.workspace.progress
        progress.start(self.name, len(prepared) + (reference is not None), "methods")
        true: GradientBatch | None = None
        if reference is not None:
            true = _gradients(reference, loaded)
            progress.advance(1)
        sums, products = [], {}
        for name, counterfactual in prepared.items():
            found = _gradients(counterfactual, loaded)
            sums.append(found.sum)
            products[name] = found.products(true)
            progress.advance(1)
        out.record(
            GradientComparison(
                policy=policy.digest,
                methods=list(prepared),
                norms=[total.norm().item() for total in sums],
                cosines=_cosines(sums),
                signal=_signal(run, inputs["rollouts"], loaded, products, true),
            )
        )


def _compared(run: StageRun) -> dict[str, Counterfactual]:
    from rlsd_pipeline.stages.comparison.counterfactual import as_if

    return {name: as_if(run, name, method) for name, method in compared_methods(run).items()}


def _is_taught(counterfactual: Counterfactual) -> bool:
    """Whether a method that reads a teacher has one with a privileged context."""
    asked = [name for name in counterfactual.arm.columns if COLUMNS[name].of == "teacher"]
    if not asked:
        return True
    scored = counterfactual.read(LogprobsStage.name).table(TokenLogprobs, asked)
    return any(scored[name].null_count < len(scored) for name in asked)


def _gradients(counterfactual: Counterfactual, policy: Policy) -> GradientBatch:
    """The gradient of the whole table's mean loss, by problem."""
    from rlsd_pipeline.stages.iteration.update_groups import update_groups
    from rlsd_pipeline.update.problem_gradients import problem_gradients

    inputs = counterfactual.stage(PolicyCheckpointStage).inputs(counterfactual)
    return problem_gradients(
        policy,
        update_groups(counterfactual, inputs, policy),
        counterfactual.arm.update,
        counterfactual.arm.weighting.stored_divergence,
        temperature=counterfactual.experiment.sampling.temperature,
    )


def _signal(
    run: StageRun,
    rollouts: Artifact,
    policy: Policy,
    products: Mapping[str, Products],
    true: GradientBatch | None,
) -> GradientSignal:
    from rlsd_pipeline.credit.gradient_signal import gradient_signal

    named = compared_methods(run)
    plain_methods = (name for name in products if isinstance(named[name], GRPO))
    every = products if true is None else {**products, ORACLE: true.products(true)}
    sampled = rollouts.table(Rollout, ["problem_id"])
    return GradientSignal(
        problems=len(sampled["problem_id"].unique()),
        rollouts=len(sampled),
        parameters=sum(p.numel() for p in policy.trained.values()),
        kept=next(iter(products.values())).kept,
        compared_with=(base := next(plain_methods, next(iter(products)))),
        methods=gradient_signal(
            every,
            base,
            rollouts=len(sampled),
            confidence=run.experiment.evaluation.confidence,
        ),
    )


def _cosines(gradients: list[Tensor]) -> list[list[float | None]]:
    return [
        [
            (a @ b / (a.norm() * b.norm())).clamp(-1, 1).item() if a.any() and b.any() else None
            for b in gradients
        ]
        for a in gradients
    ]
