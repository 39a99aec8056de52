"""Mutual information and deviation ratio on rollouts: the part of OPSD no student can learn.

    belief           P(r_j | x, y<t) ∝ P(r_j | x) Π_{s<t} P_T(y_s | r_j, y<s)
    objective        L_t = E_j KL(P_T(. | r_j, y<t) ‖ P_S)
    reducible        L*_t = KL(P̄_T ‖ P_S),   P̄_T = E_j P_T(. | r_j, y<t)
    information      I_t = E_j KL(P_T(. | r_j, y<t) ‖ P̄_T),   L_t = L*_t + I_t
    deviation ratio  ρ = Σ_t E_j‖δ_t‖² / Σ_t E_j‖g_t‖²,   in logit space:
                     g = P_S - P_T(. | r_j),   δ = P̄_T - P_T(. | r_j)

All of it is about the candidates r_j and their prior: the information of a whole response is at
most the entropy of that prior, in the mean over what the teacher would write, so few candidates
bound what can be found. ρ is taken at the logits, before the Jacobian of the parameters.

Source: arXiv 2604.03128, Theorem 1 and Proposition 1; docs/method.md, eq. 27 to 29.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from rlsd_pipeline.diagnostics.distributions import kl_divergence

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
