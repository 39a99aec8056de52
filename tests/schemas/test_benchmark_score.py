import pytest
from pydantic import ValidationError

from schemas import BenchmarkScore, BreakdownScore, Interval


@pytest.mark.parametrize(("low", "high"), [(0.6, 0.7), (0.1, 0.4)])
def test_a_score_lies_in_its_interval(low: float, high: float) -> None:
    ends = {"interval_low": low, "interval_high": high}
    with pytest.raises(ValidationError, match="lies outside its interval"):
        BenchmarkScore.model_validate({**BenchmarkScore.example, **ends})
    with pytest.raises(ValidationError, match="lies outside its interval"):
        BreakdownScore(n=4, score=0.5, **ends)


def test_a_score_has_one_interval() -> None:
    part = BreakdownScore(n=40, score=0.5, interval_low=0.35, interval_high=0.65)
    assert part.interval == Interval(value=0.5, low=0.35, high=0.65)
    whole = BenchmarkScore.model_validate(
        {**BenchmarkScore.example, "score": 0.5, "interval_low": 0.4, "interval_high": 0.6}
    )
    assert whole.interval == Interval(value=0.5, low=0.4, high=0.6)
    assert "interval" not in whole.model_dump()
