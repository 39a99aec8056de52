"""The parts of a fingerprint that decide a method's credit."""

from typing import Any

from rlsd_pipeline.advantages.estimator import AdvantageEstimator
from rlsd_pipeline.advantages.standardised import Standardised
from rlsd_pipeline.components.component import built_in_name, identity
from rlsd_pipeline.weighting.grpo import GRPO
from rlsd_pipeline.weighting.method import Weighting


def credit_identity(weighting: Weighting, advantages: AdvantageEstimator) -> dict[str, Any]:
    """A weighting and the advantages that it reads, as plain JSON values.

    Standardised ones stand nowhere, so that artifacts made before there was a choice keep their
    fingerprints. GRPO had the choice as a setting of its own, and keeps its place.
    """
    found = {"weighting": identity(weighting)}
    name = built_in_name(type(advantages))
    if type(weighting) is GRPO and name is not None:
        found["weighting"]["advantages"] = name
    elif type(advantages) is not Standardised:
        found["advantages"] = identity(advantages)
    return found
