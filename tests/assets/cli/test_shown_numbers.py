"""The durations that a training shows are added up, however long or short a stage took."""

import pytest

from assets.cli.loop import number_of
from assets.stages.cells import digits


@pytest.mark.parametrize(
    ("value", "shown"), [(1456.2, "1,456"), (12.34, "12.3"), (3.2e-5, "3.2e−5"), (-2, "−2")]
)
def test_a_shown_number_is_read_again(value: float, shown: str) -> None:
    assert digits(value) == shown
    assert number_of(shown) == pytest.approx(value, rel=0.01)
