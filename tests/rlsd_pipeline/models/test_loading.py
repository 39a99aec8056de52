from pathlib import Path

import pytest

from rlsd_pipeline.errors import ModelError
from rlsd_pipeline.models.loading import load_processor
from tests.families.families import FAMILIES


def test_a_processor_that_wants_a_package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """SmolVLM's reads the numbers of videos aloud."""
    (family,) = (family for family in FAMILIES if family.name == "SmolVLM")
    family.policy().save(tmp_path)
    monkeypatch.setattr("transformers.models.smolvlm.processing_smolvlm.num2words", None)
    with pytest.raises(ModelError, match=r"cannot be read: .*`pip install num2words`"):
        load_processor(tmp_path)
