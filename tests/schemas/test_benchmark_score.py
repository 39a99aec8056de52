import pytest
from pydantic import ValidationError

from schemas import BenchmarkScore, BreakdownScore


@pytest.mark.parametrize(("low", "high"), [(0.6, 0.7), (0.1, 0.4)])
def test_a_score_lies_in_its_interval(low: float, high: float) -> None:
    ends = {"interval_low": low, "interval_high": high}
    with pytest.raises(ValidationError, match="lies outside its interval"):
        BenchmarkScore.model_validate({**BenchmarkScore.example, **ends})
    with pytest.raises(ValidationError, match="lies outside its interval"):
        BreakdownScore(n=4, score=0.5, **ends)
