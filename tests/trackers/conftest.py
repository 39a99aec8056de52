"""A tiny experiment."""

from copy import deepcopy
from typing import Any

import pytest

from tests.small_experiment import ATTRIBUTES


@pytest.fixture
def attributes() -> dict[str, Any]:
    """What the tiny experiment declares."""
    return deepcopy(ATTRIBUTES)
