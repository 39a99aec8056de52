"""The advantage of each rollout of a table; loads no model library if the table holds them."""

import numpy as np
import pyarrow as pa

from rlsd_pipeline.advantages.estimator import AdvantageEstimator, estimated
from rlsd_pipeline.advantages.standardised import Standardised


def read_advantages(rewards: pa.Table, estimator: AdvantageEstimator) -> np.ndarray:
    """Each rollout's advantage by an estimator; float64, `[rollouts]`.

    Args:
        rewards: Rows of `Reward`.
        estimator: The arm's.

    Raises:
        ComponentError: As `estimated`.
    """
    if type(estimator) is Standardised:
        return rewards["advantage"].to_numpy()
    import torch

    from rlsd_pipeline.credit.tables import group_indices

    values = torch.tensor(rewards["reward"].to_numpy(), dtype=torch.float64)
    return estimated(estimator, values, group_indices(rewards["problem_id"])).numpy()
