"""Theorem 1 and Proposition 1 in an autoregressive model small enough to enumerate.

    joint model          P(r, y | x) = P(r | x) Π_t P_T(y_t | r, y<t)
    belief               P(r | x, y<t), by Bayes along the prefix
    marginal teacher     P̄_T = E_{r ~ belief} P_T(. | r, y<t)
    Theorem 1            E KL(P_T ‖ P_S) = E KL(P̄_T ‖ P_S) + I(Y_t; R | X, Y<t)
    Proposition 1        g(r) = g* + δ(r),  E_r δ = 0,  E‖g‖² = ‖g*‖² + E‖δ‖²

Prefixes are distributed as the student samples them. A prefix y_0 … y_{t-1} has the index
Σ_s y_s V^(t-1-s), so that a table `[V^t, V]`, flattened, runs over the prefixes one longer.

Which belief is meant matters. Splitting a mean divergence over any weights of r into the
divergence of their mixture and a remainder is algebra; the remainder is the mutual information of
the joint model only for its posterior. Training draws r before y and samples y without it, so the
loss it averages weights r by the *prior* at every prefix: it is another number than L* + I, by as
much as prefixes tell about r.

Source: arXiv 2604.03128, Theorem 1 and Proposition 1; docs/method.md, eq. 27 to 29.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
from torch import Tensor

from rlsd_pipeline.diagnostics.distributions import kl_divergence


@dataclass(frozen=True)
class TabularModel:
    """All next-token distributions of a teacher and a student for one problem x.

    Attributes:
        prior: P(r | x), float64; `[references]`.
        teacher: For each position t, P_T(y_t | r, y<t); `[references, V^t, V]`.
        student: For each position t, P_S(y_t | y<t); `[V^t, V]`.

    Raises:
        ValueError: A table does not sum to 1 or is not positive everywhere: a prefix that no
            reference explains has no posterior.
    """

    prior: Tensor
    teacher: tuple[Tensor, ...]
    student: tuple[Tensor, ...]

    def __post_init__(self) -> None:
        for name, table in self._tables():
            gap = (table.sum(-1) - 1).abs().max()
            if gap > 1e-9 or (table <= 0).any():
                raise ValueError(
                    f"{name} must be positive and sum to 1 over its last axis; the smallest entry "
                    f"is {table.min():g} and a sum is off by {gap:g}"
                )

    def _tables(self) -> list[tuple[str, Tensor]]:
        both = (("teacher", self.teacher), ("student", self.student))
        named = [(f"{name}[{t}]", table) for name, all_ in both for t, table in enumerate(all_)]
        return [("prior", self.prior), *named]


class Decomposition(NamedTuple):
    """The two sides of Theorem 1 by position, in nats; `[length]` each.

    Attributes:
        objective: E KL(P_T(. | r, y<t) ‖ P_S), over prefixes and beliefs.
        reducible: E KL(P̄_T ‖ P_S): what a student without r can bring to 0.
        information: E KL(P_T(. | r, y<t) ‖ P̄_T): what it cannot; with the posterior as belief,
            I(Y_t; R | X, Y<t).
    """

    objective: Tensor
    reducible: Tensor
    information: Tensor


class GradientParts(NamedTuple):
    """The gradient of the forward KL by the student's logits, at each prefix of one position.

    Attributes:
        total: g(r) = P_S - P_T(. | r); `[references, V^t, V]`.
        shared: g* = P_S - P̄_T; `[V^t, V]`.
        deviation: δ(r) = P̄_T - P_T(. | r); `[references, V^t, V]`.
    """

    total: Tensor
    shared: Tensor
    deviation: Tensor


def random_model(
    references: int, vocabulary: int, length: int, generator: torch.Generator
) -> TabularModel:
    """Tables of independent softmaxed normals, in float64."""

    def table(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64).softmax(-1)

    return TabularModel(
        table(references),
        tuple(table(references, vocabulary**t, vocabulary) for t in range(length)),
        tuple(table(vocabulary**t, vocabulary) for t in range(length)),
    )


def posterior(model: TabularModel) -> tuple[Tensor, ...]:
    """P(r | x, y<t) for every prefix of length 0 to T; `[references, V^t]` each."""
    joint, beliefs = model.prior.log()[:, None], []
    for table in model.teacher:
        beliefs.append(joint.softmax(0))
        joint = (joint[:, :, None] + table.log()).flatten(1)
    return (*beliefs, joint.softmax(0))


def prior_everywhere(model: TabularModel) -> tuple[Tensor, ...]:
    """P(r | x) at every prefix: the belief of someone who does not look at the prefix."""
    return tuple(model.prior[:, None].expand_as(belief) for belief in posterior(model))


def prefix_probabilities(model: TabularModel) -> tuple[Tensor, ...]:
    """How often the student samples each prefix of length 0 to T; `[V^t]` each."""
    probabilities = [torch.ones(1, dtype=torch.float64)]
    for table in model.student:
        probabilities.append((probabilities[-1][:, None] * table).flatten())
    return tuple(probabilities)


def marginal_teacher(model: TabularModel, beliefs: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """P̄_T(y_t | y<t) = E_{r ~ belief} P_T(y_t | r, y<t) by position; `[V^t, V]` each."""
    return tuple(
        (belief[:, :, None] * table).sum(0)
        for belief, table in zip(beliefs, model.teacher, strict=False)
    )


def coherent_student(model: TabularModel) -> TabularModel:
    """The same teacher with the student Bayes demands: the marginal teacher itself."""
    return replace(model, student=marginal_teacher(model, posterior(model)))


def decompose(model: TabularModel, beliefs: Sequence[Tensor]) -> Decomposition:
    """Both sides of Theorem 1, each computed on its own.

    Args:
        model: The tables.
        beliefs: Weights of r at each prefix, by position, such as `posterior(model)`;
            `[references, V^t]` each.
    """
    marginals, columns = marginal_teacher(model, beliefs), []
    reached = prefix_probabilities(model)
    for position, (table, student) in enumerate(zip(model.teacher, model.student, strict=True)):
        teacher, marginal = table.log(), marginals[position].log()
        divergences = (
            (beliefs[position] * kl_divergence(teacher, student.log())).sum(0),
            kl_divergence(marginal, student.log()),
            (beliefs[position] * kl_divergence(teacher, marginal)).sum(0),
        )
        columns.append(torch.stack([reached[position] @ by_prefix for by_prefix in divergences]))
    return Decomposition(*torch.stack(columns, 1))


def gradient_parts(model: TabularModel, beliefs: Sequence[Tensor]) -> tuple[GradientParts, ...]:
    """The parts of Proposition 1 in logit space, by position."""
    marginals = marginal_teacher(model, beliefs)
    return tuple(
        GradientParts(student - table, student - marginal, marginal - table)
        for table, student, marginal in zip(model.teacher, model.student, marginals, strict=True)
    )


def log_evidence(model: TabularModel, completion_ids: Sequence[int]) -> Tensor:
    """Evidence log P_T(y_t | r, y<t) - log P_S(y_t | y<t) along one response, in nats.

    With a coherent student this is log P(r | x, y≤t) / P(r | x, y<t), and its sum over t is
    `log_posterior_gain`. With any other student the two differ by the same amount for every r.

    Returns:
        `[references, tokens]`.
    """
    prefix, columns = 0, []
    for table, student, token in zip(model.teacher, model.student, completion_ids, strict=False):
        columns.append(table[:, prefix, token].log() - student[prefix, token].log())
        prefix = prefix * student.shape[-1] + token
    return torch.stack(columns, 1)


def log_posterior_gain(model: TabularModel, completion_ids: Sequence[int]) -> Tensor:
    """How far one response moves belief, log P(r | x, y) - log P(r | x), nats; `[references]`."""
    vocabulary, prefix = model.student[0].shape[-1], 0
    for token in completion_ids:
        prefix = prefix * vocabulary + token
    return posterior(model)[len(completion_ids)][:, prefix].log() - model.prior.log()
