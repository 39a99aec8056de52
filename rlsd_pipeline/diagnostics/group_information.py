"""The mutual information of a group whose own answers are the candidates, and of many groups.

The candidates are the answers of the n measured rollouts, and their proportions are a sample of the
prior. A mixture of few candidates lies closer to each of them than the mixture of all, so I is too
low by an order of 1/n. `group_decomposition` removes that order by the jackknife. Answers that no
rollout of a group gave stay unseen.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from rlsd_pipeline.diagnostics.mutual_information import (
    TokenDecomposition,
    decompose_tokens,
    reference_posterior,
)
from rlsd_pipeline.statistics.bootstrap import cluster_ratio
from rlsd_pipeline.statistics.intervals import within
from schemas import Interval


class GroupDecomposition(NamedTuple):
    """One rollout of a group whose own answers are the candidates.

    Attributes:
        corrected: Without the bias of so few answers.
        as_sampled: With their proportions as the prior.
    """

    corrected: TokenDecomposition
    as_sampled: TokenDecomposition


class InformationSummary(NamedTuple):
    """Many rollouts in a few numbers, with intervals over problems.

    Attributes:
        deviation_ratio: ρ, both sums over all tokens of all rollouts; in [0, 1].
        information_per_token: ΣI over all tokens by the number of tokens, nats.
        information_per_response: ΣI by the number of rollouts, nats.
        reducible_per_token: ΣL* by the number of tokens, nats.
        irreducible_share: ΣI / ΣL, the part of the objective that stays however long one trains.
        rollouts: Number of rollouts.
        problems: Number of problems.
    """

    deviation_ratio: Interval
    information_per_token: Interval
    information_per_response: Interval
    reducible_per_token: Interval
    irreducible_share: Interval
    rollouts: int
    problems: int


def group_decomposition(
    teacher_logprobs_by_reference: Tensor,
    student_logprobs: Tensor,
    chosen: Tensor,
    counts: Sequence[int],
    own: int | None,
) -> GroupDecomposition:
    """One rollout of a group under the group's own answers, and without their sampling bias.

    The bias is removed by the jackknife over the n answers of the group (Quenouille 1956):
    n F(counts) - (n - 1) mean_j F(counts less j), with F the decomposition under a prior, and j any
    rollout but the scored one. It is linear, so L = L* + I still holds; a single token's number may
    be below 0. One answer alone leaves nothing to correct.

    Args:
        teacher_logprobs_by_reference: As in `decompose_tokens`; `[references, tokens, vocabulary]`.
        student_logprobs: Full distributions of the student; `[tokens, vocabulary]`.
        chosen: log P_T of the sampled tokens under each candidate; `[references, tokens]`.
        counts: How many rollouts of the group gave each answer, 1 at least; `[references]`.
        own: Index of the scored rollout's answer, None where it gave none.

    Raises:
        ValueError: As `reference_posterior` and `decompose_tokens`.
    """

    def under(prior: Tensor) -> TokenDecomposition:
        beliefs = reference_posterior(prior, chosen)[:, :-1]
        return decompose_tokens(beliefs, teacher_logprobs_by_reference, student_logprobs)

    prior = torch.tensor(counts, dtype=torch.float64)
    whole, total = under(prior), int(prior.sum())
    others = prior.clone()
    if own is not None:
        others[own] -= 1
    if total < 2:
        return GroupDecomposition(whole, whole)
    less = [
        (float(weight / others.sum()), under(prior - torch.eye(len(counts))[place]))
        for place, weight in enumerate(others)
        if weight > 0
    ]
    means = TokenDecomposition(
        *(
            torch.stack([weight * one[field] for weight, one in less]).sum(0)
            for field in range(len(whole))
        )
    )
    corrected = (total * part - (total - 1) * mean for part, mean in zip(whole, means, strict=True))
    return GroupDecomposition(TokenDecomposition(*corrected), whole)


def summarize_information(
    rollouts: Sequence[GroupDecomposition],
    problem_ids: Sequence[str],
    *,
    confidence: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
) -> InformationSummary:
    """Sums over tokens as ratios over rollouts, with a bootstrap over problems.

    Every mean is a ratio of sums, so a long response counts by its tokens. Values are corrected;
    an interval reaches over that of the corrected and that of the sampled prior, since groups that
    show little are rare and weigh much. All stay within what the quantity can be.

    Raises:
        ValueError: A sum is infinite: the student rules out a token that a teacher allows.
    """
    priors = [_sums(rollout.corrected for rollout in rollouts)]
    priors.append(_sums(rollout.as_sampled for rollout in rollouts))

    def ratio(above: str, below: str, most: float = np.inf) -> Interval:
        corrected, sampled = (
            cluster_ratio(
                sums[above],
                sums[below],
                problem_ids,
                confidence=confidence,
                resamples=resamples,
                seed=seed,
            )
            for sums in priors
        )
        value = float(np.clip(corrected.value, 0.0, most))
        if np.isinf(corrected.high):
            return within(value, (corrected.low, corrected.high))
        widest = min(corrected.low, sampled.low), max(corrected.high, sampled.high)
        low, high = np.clip(widest, 0.0, most)
        return within(value, (low, high))

    return InformationSummary(
        deviation_ratio=ratio("deviation", "gradient", 1.0),
        information_per_token=ratio("information", "tokens"),
        information_per_response=ratio("information", "rollouts"),
        reducible_per_token=ratio("reducible", "tokens"),
        irreducible_share=ratio("information", "objective", 1.0),
        rollouts=len(rollouts),
        problems=len(set(problem_ids)),
    )


def _sums(rollouts: Iterable[TokenDecomposition]) -> dict[str, np.ndarray]:
    """Each part summed over the tokens of every rollout, and what means divide by; `[rollouts]`."""
    parts = list(rollouts)
    sums = {
        name: np.array([float(getattr(rollout, name).sum()) for rollout in parts])
        for name in TokenDecomposition._fields
    }
    tokens = np.array([len(rollout.information) for rollout in parts], dtype=float)
    return sums | {"tokens": tokens, "rollouts": np.ones(len(parts))}
