from typing import Any

import pytest
from pydantic import Field

from rlsd_pipeline.config.compute import ComputeConfig, LocalCompute, TorchrunCompute
from rlsd_pipeline.config.strict import StrictConfig, validate
from rlsd_pipeline.errors import ConfigError


class Declared(StrictConfig):
    compute: ComputeConfig = Field(default=LocalCompute())


def compute(**values: Any) -> object:
    return validate(Declared, {"compute": values}, source="x").compute


def test_the_type_chooses() -> None:
    assert compute(type="local", processes=2) == LocalCompute(processes=2)
    assert compute(type="torchrun", processes_per_node=8) == TorchrunCompute(processes_per_node=8)


def test_arms_that_take_all_devices_train_one_after_the_other() -> None:
    assert TorchrunCompute(processes_per_node=8).processes == 1
    with pytest.raises(ConfigError, match="processes: unknown key"):
        compute(type="torchrun", processes=2)


def test_nodes_must_find_one_another() -> None:
    with pytest.raises(ConfigError, match="2 nodes also need rendezvous, shared_folder"):
        compute(type="torchrun", nodes=2, launch_prefix=["srun"])
