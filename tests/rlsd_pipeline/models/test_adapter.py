"""Without peft; with it, see tests/distributed."""

import sys
from collections.abc import Callable

import pytest

from rlsd_pipeline.config.update import LoRAConfig
from rlsd_pipeline.errors import ModelError
from rlsd_pipeline.models.adapter import add_adapter
from rlsd_pipeline.models.policy import Policy


def test_a_missing_library_is_named(
    build: Callable[[str], Policy], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "peft", None)
    with pytest.raises(ModelError, match=r"pip install 'rlsd-pipeline\[lora\]'"):
        add_adapter(build("llama").model, LoRAConfig())
