"""What a response's reward is worth beside those of its group: one estimator a file.

    standardised.py   less the group's mean, over its standard deviation (GRPO)
    centred.py        less the group's mean (Dr. GRPO)
    leave_one_out.py  less the mean of the others (RLOO)
    none.py           the reward itself

    estimator.py      what an estimator is, and what of a group all of them need

Every weighting reads the advantages of its arm's estimator. A user's own, beside the YAML or in a
package, has the form of those here.
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
