"""What is said where Ray is not installed."""

import sys

import pytest

from rlsd_pipeline.compute.ray_cluster import connect
from rlsd_pipeline.config.ray import RayCompute
from rlsd_pipeline.errors import ConfigError


def test_without_ray_the_install_command_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ConfigError, match=r"pip install -e '\.\[ray\]'"):
        connect(RayCompute())
