"""A YAML with a file of the user's own beside it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from rlsd_pipeline.config.experiment import ExperimentConfig, load_experiment

MINE = '''\
from typing import Annotated

from pydantic import Field

from rlsd_pipeline.weighting.method import Credit, TokenStreams, Weighting
from rlsd_pipeline.weighting.rlsd import RLSD


class Scaled(Weighting):
    """The advantage, so many times."""

    factor: Annotated[float, Field(gt=0)] = 2.0
    """How many times."""

    reads_teacher = False

    def streams(self, credit: Credit) -> TokenStreams:
        return TokenStreams(self.factor * credit.token_advantages)


class Wider(RLSD):
    """RLSD with another bound."""

    clip: float = 0.9


class Unfinished(Weighting):
    """A method that does nothing."""


class Other:
    """No method."""
'''

Load = Callable[[str], ExperimentConfig]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Reads an experiment with one weighting, given as YAML; `mine.py` lies beside it."""
    (tmp_path / "mine.py").write_text(MINE)

    def read(weighting: str) -> ExperimentConfig:
        yaml = tmp_path / "defs.yaml"
        arm = f"    - name: own\n      weighting: {weighting}"
        yaml.write_text(f"type: assets.component.Experiment\nattributes:\n  arms:\n{arm}\n")
        return load_experiment(yaml)

    return read
