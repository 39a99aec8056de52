"""How much of the teacher's pull no student can follow, measured on rollouts.

    belief           P(r_j | x, y<t) ∝ P(r_j | x) Π_{s<t} P_T(y_s | r_j, y<s)
    objective        L_t = E_j KL(P_T(. | r_j, y<t) ‖ P_S)
    reducible        L*_t = KL(P̄_T ‖ P_S),   P̄_T = E_j P_T(. | r_j, y<t)
    information      I_t = E_j KL(P_T(. | r_j, y<t) ‖ P̄_T),   L_t = L*_t + I_t
    deviation ratio  ρ = Σ_t E_j‖δ_t‖² / Σ_t E_j‖g_t‖²,   in logit space:
                     g = P_S - P_T(. | r_j),   δ = P̄_T - P_T(. | r_j)

Where the candidates are the answers of the n rollouts that are measured on, their proportions are
a sample of the prior: a mixture of few candidates lies nearer to each of them than that of all, so
I comes out too low, by an order of 1/n. `group_decomposition` removes that order by the jackknife.
What no rollout of a group answered stays unseen.

All of it is about the candidates r_j and their prior: the information of a whole response is at
most the entropy of that prior, in the mean over what the teacher would write, so few candidates
bound what can be found. ρ is taken at the logits, before the Jacobian of the parameters.

Source: arXiv 2604.03128, Theorem 1 and Proposition 1; method.md §5.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from rlsd_pipeline.diagnostics.distributions import kl_divergence
from rlsd_pipeline.evaluation.bootstrap import cluster_ratio, small_sample_confidence
from rlsd_pipeline.evaluation.intervals import Estimate

_BLOCK = 1 << 22
"""Entries turned to float64 at once: 32 MB a temporary."""


class TokenDecomposition(NamedTuple):
    """Theorem 1 and Proposition 1 at each token of one rollout; float64, `[tokens]` each.

    Attributes:
        objective: L_t, nats.
        reducible: L*_t, nats.
        information: I_t, nats.
        deviation: E_j‖δ_t‖², the squared norm by the logits.
        gradient: E_j‖g_t‖², likewise.
    """

    objective: Tensor
    reducible: Tensor
    information: Tensor
    deviation: Tensor
    gradient: Tensor


class RolloutInformation(NamedTuple):
    """One rollout under every candidate reference.

    Attributes:
        posterior: P(r_j | x, y<t) before each token, and in the last column P(r_j | x, y);
            `[references, tokens + 1]`.
        tokens: The decomposition at each token.
    """

    posterior: Tensor
    tokens: TokenDecomposition


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

    deviation_ratio: Estimate
    information_per_token: Estimate
    information_per_response: Estimate
    reducible_per_token: Estimate
    irreducible_share: Estimate
    rollouts: int
    problems: int


def chosen_logprobs(logprobs: Tensor, completion_ids: Tensor) -> Tensor:
    """The entry of each sampled token; `[..., tokens, vocabulary]` to `[..., tokens]`."""
    index = completion_ids.long().expand(logprobs.shape[:-1])[..., None]
    return logprobs.gather(-1, index)[..., 0]


def reference_posterior(prior: Tensor, chosen: Tensor) -> Tensor:
    """Posterior log P(r_j | x, y<t) before each token and after the last, in log space.

    Args:
        prior: P(r_j | x), not negative, of any sum above 0; `[references]`.
        chosen: log P_T(y_t | x, r_j, y<t) of the sampled tokens, nats; `[references, tokens]`.

    Returns:
        Log-probabilities in float64; -inf for a candidate that is ruled out;
        `[references, tokens + 1]`.

    Raises:
        ValueError: No candidate can have led to a token, or the shapes do not fit.
    """
    if prior.ndim != 1 or chosen.ndim != 2 or len(prior) != len(chosen):
        raise ValueError(
            f"prior {tuple(prior.shape)} and chosen {tuple(chosen.shape)} must be [references] "
            "and [references, tokens]"
        )
    start = prior.double().log()[:, None]
    joint = torch.cat([start, start + chosen.double().cumsum(1)], 1)
    if lost := int((joint.amax(0) > float("-inf")).logical_not().sum()):
        raise ValueError(
            f"under no candidate reference are the first {chosen.shape[1] + 1 - lost} tokens "
            "possible: score the rollout with the suppressed tokens it was sampled with"
        )
    return joint.log_softmax(0)


@torch.no_grad()
def decompose_tokens(
    log_beliefs: Tensor, teacher_logprobs_by_reference: Tensor, student_logprobs: Tensor
) -> TokenDecomposition:
    """Theorem 1 and Proposition 1 at each token, for any belief over the candidates.

    The posterior is the belief of the theorem. Training itself weights the candidates by their
    prior at every prefix, since it draws r before y and samples y without it: pass the prior,
    expanded over the tokens, to decompose the loss it averages.

    Args:
        log_beliefs: log P(r_j | x, y<t), normalised over the candidates; `[references, tokens]`.
        teacher_logprobs_by_reference: Full distributions of the teacher under each candidate,
            nats; -inf on suppressed tokens. A support of top entries must end in a bucket with
            the rest of the mass; norms are then those of the buckets.
            `[references, tokens, vocabulary]`.
        student_logprobs: Full distributions of the student, nats; `[tokens, vocabulary]`.

    Raises:
        ValueError: A distribution does not sum to 1 within 0.01, or the shapes do not fit.
    """
    references, tokens, entries = teacher_logprobs_by_reference.shape
    if log_beliefs.shape != (references, tokens) or student_logprobs.shape != (tokens, entries):
        raise ValueError(
            f"log_beliefs {tuple(log_beliefs.shape)}, teacher_logprobs_by_reference "
            f"{(references, tokens, entries)} and student_logprobs {tuple(student_logprobs.shape)} "
            "must be [references, tokens], [references, tokens, vocabulary], [tokens, vocabulary]"
        )
    step = max(1, _BLOCK // max(1, references * entries))
    blocks = zip(
        log_beliefs.split(step, 1),
        teacher_logprobs_by_reference.split(step, 1),
        student_logprobs.split(step),
        strict=True,
    )
    columns = zip(*(_decompose_block(*block) for block in blocks), strict=True)
    return TokenDecomposition(*(torch.cat(column) for column in columns))


def rollout_information(
    teacher_logprobs_by_reference: Tensor,
    student_logprobs: Tensor,
    completion_ids: Tensor,
    prior: Tensor,
) -> RolloutInformation:
    """Posterior and decomposition along one rollout.

    Args:
        teacher_logprobs_by_reference: As in `decompose_tokens`; `[references, tokens, vocabulary]`.
        student_logprobs: Full distributions of the student; `[tokens, vocabulary]`.
        completion_ids: The sampled tokens, as indices into the last axis; `[tokens]`.
        prior: P(r_j | x); `[references]`.

    Raises:
        ValueError: As `reference_posterior` and `decompose_tokens`.
    """
    chosen = chosen_logprobs(teacher_logprobs_by_reference, completion_ids)
    beliefs = reference_posterior(prior, chosen)
    tokens = decompose_tokens(beliefs[:, :-1], teacher_logprobs_by_reference, student_logprobs)
    return RolloutInformation(beliefs.exp(), tokens)


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
    show little are rare and weigh much, and it is widened for few problems
    (`small_sample_confidence`). All stay within what the quantity can be.

    Raises:
        ValueError: A sum is infinite: the student rules out a token that a teacher allows.
    """
    level = small_sample_confidence(confidence, len(set(problem_ids)))
    priors = [_sums(rollout.corrected for rollout in rollouts)]
    priors.append(_sums(rollout.as_sampled for rollout in rollouts))

    def ratio(above: str, below: str, most: float = np.inf) -> Estimate:
        corrected, sampled = (
            cluster_ratio(
                sums[above],
                sums[below],
                problem_ids,
                confidence=level,
                resamples=resamples,
                seed=seed,
            )
            for sums in priors
        )
        value = float(np.clip(corrected.value, 0.0, most))
        if np.isinf(corrected.high):
            return corrected._replace(value=value)
        ends = min(corrected.low, sampled.low), max(corrected.high, sampled.high)
        return Estimate(value, *(float(np.clip(end, 0.0, most)) for end in ends))

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


def _decompose_block(log_beliefs: Tensor, teacher: Tensor, student: Tensor) -> TokenDecomposition:
    log_beliefs, teacher, student = log_beliefs.double(), teacher.double(), student.double()
    for name, logprobs in (("teacher", teacher), ("student", student)):
        if ((logprobs.logsumexp(-1).abs() < 0.01).logical_not()).any():
            raise ValueError(
                f"a distribution of the {name} does not sum to 1: pass all of the vocabulary, or "
                "a support that ends in a bucket with the rest of the mass"
            )
    beliefs = log_beliefs.exp()
    marginal = (log_beliefs[..., None] + teacher).logsumexp(0)

    def expected(values: Tensor) -> Tensor:
        # A candidate that is ruled out may be infinitely far away, and 0 * inf is nan.
        return torch.where(beliefs > 0, beliefs * values, 0.0).sum(0)

    return TokenDecomposition(
        objective=expected(kl_divergence(teacher, student)),
        reducible=kl_divergence(marginal, student),
        information=expected(kl_divergence(teacher, marginal)),
        deviation=expected((marginal.exp() - teacher.exp()).square().sum(-1)),
        gradient=expected((student.exp() - teacher.exp()).square().sum(-1)),
    )
