"""Advantages of responses: the reward compared with the group's, one estimator a file.

    standardised.py   minus the group's mean, over its standard deviation (GRPO)
    centred.py        minus the group's mean (Dr. GRPO)
    leave_one_out.py  minus the mean of the other rewards (RLOO)
    none.py           the reward itself

    estimator.py      the base class of an estimator, and the statistics of a group

Every weighting reads the advantages of its arm's estimator. An estimator of a user's own, beside
the YAML or in a package, has the same form.
"""

from typing import TYPE_CHECKING, TypeAlias

from rlsd_pipeline.advantages.estimator import AdvantageEstimator
from rlsd_pipeline.components.built_in import built_in
from rlsd_pipeline.components.one_of import one_of

ESTIMATORS = built_in(__name__, __path__, AdvantageEstimator)
"""Every built-in estimator, by the name of its file."""

if TYPE_CHECKING:
    AdvantagesConfig: TypeAlias = AdvantageEstimator
else:
    AdvantagesConfig = one_of(AdvantageEstimator, ESTIMATORS)
