"""SDPO: the teacher sees a successful response of the same group, or the environment's feedback.

It is OPSD with another r (arXiv 2601.20802; docs/method.md, eq. 11). Rollouts of groups without a
success have no demonstration and are masked. The defaults are those of the authors' repository
(lasgroup/SDPO): the Jensen-Shannon divergence over the student's 100 likeliest entries and a tail,
and a demonstration without its thinking. The repository's further settings belong to the arm:

    teacher: {type: ema, rate: 0.05}
    update: {denominator: learnt_token, distillation_ratio_clip: 2.0}

Differences to the repository: the student's entries are those of the sampling policy, also in later
steps of an iteration; a success is the verifier's verdict and not a threshold on the reward;
feedback is never mixed with demonstrations; the prompts are worded differently.
"""

from __future__ import annotations

from typing import Literal

from pydantic import field_validator

from rlsd_pipeline.credit.responses import at_tokens
from rlsd_pipeline.divergences import DivergenceConfig
from rlsd_pipeline.divergences.divergence import StoredDivergence
from rlsd_pipeline.divergences.jsd import JSD
from rlsd_pipeline.privileged.kinds.sibling import Sibling
from rlsd_pipeline.weighting.method import Credit, TokenStreams, Weighting


class SDPO(Weighting):
    """Distribution matching to a teacher that sees a successful sibling."""

    type: Literal["sdpo"] = "sdpo"

    divergence: DivergenceConfig = JSD(support="student")
    """The divergence, or its sampled form; by default over the student's entries."""

    groups: Literal["with_success", "all"] = "with_success"
    """Groups with a loss; `all` suits feedback, which needs no success."""

    privileged = Sibling()

    @field_validator("divergence")
    @classmethod
    def _over_the_students_entries(cls, declared: DivergenceConfig) -> DivergenceConfig:
        if declared.stored is None or "support" in declared.model_fields_set:
            return declared
        return declared.model_copy(update={"support": "student"})

    @property
    def stored_divergence(self) -> StoredDivergence | None:
        """The declared one, unless it is the sampled form."""
        return self.divergence.stored

    def streams(self, credit: Credit) -> TokenStreams:
        """Weight 1 where the teacher was informed, 0 in groups that no rollout solved."""
        weights = credit.token_informed
        if self.groups == "with_success":
            size = int(credit.groups.max()) + 1 if len(credit.groups) else 0
            correct = credit.correct.to(weights.dtype)
            solved = correct.new_zeros(size).index_add(0, credit.groups, correct) > 0
            weights = weights * at_tokens(solved[credit.groups], credit.lengths)
        return self.divergence.streams(weights, credit.information_gain)
