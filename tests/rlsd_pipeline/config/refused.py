"""What an experiment's declaration is told that is refused."""

import pytest

from rlsd_pipeline.config.experiment import ExperimentConfig
from rlsd_pipeline.config.strict import validate
from rlsd_pipeline.errors import ConfigError

ARMS = [{"weighting": {"type": "grpo"}}]


def message(**changes: object) -> str:
    """The message to an experiment of one arm, otherwise declared as told."""
    data = {"arms": ARMS, **changes}
    with pytest.raises(ConfigError) as error:
        validate(ExperimentConfig, data, source="defs.yaml", path="attributes")
    return str(error.value)
