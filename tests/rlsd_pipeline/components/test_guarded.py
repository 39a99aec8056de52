"""What a user's code raises is one message."""

from pathlib import Path

import pytest

from rlsd_pipeline.components.guarded import guarded
from rlsd_pipeline.errors import ComponentError, DataError
from rlsd_pipeline.weighting.grpo import GRPO
from tests.rlsd_pipeline.components.conftest import Load


def test_it_names_component_place_file_and_line(load: Load, tmp_path: Path) -> None:
    weighting = load("{type: './mine.py:Scaled'}").arms[0].weighting
    with (
        pytest.raises(ComponentError) as caught,
        guarded(weighting, "problem easy-17"),
    ):
        weighting.streams(None)
    assert str(caught.value) == (
        "weighting `mine.py:Scaled`, problem easy-17: AttributeError: 'NoneType' object has no "
        f"attribute 'token_advantages' ({tmp_path / 'mine.py'}, line 18)"
    )


def test_a_clear_error_stays_as_it_is(load: Load) -> None:
    weighting = load("{type: './mine.py:Scaled'}").arms[0].weighting
    with pytest.raises(DataError, match=r"^no such column$"), guarded(weighting, "problem 1"):
        raise DataError("no such column")


def test_what_a_built_in_one_raises_is_a_fault_of_ours() -> None:
    with pytest.raises(ZeroDivisionError), guarded(GRPO(), "problem 1"):
        _ = 1 / 0
