import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlsd_pipeline.diagnostics.properties.leakage_free import leakage_free, share_rise
from rlsd_pipeline.diagnostics.properties.recording import LeakCount, RunRecording
from tests.intervals import numbers


def run(start: int, end: int, responses: int = 400) -> RunRecording:
    return RunRecording(
        "s", leak_start=LeakCount(start, responses), leak_end=LeakCount(end, responses)
    )


def test_newcombe_published_example() -> None:
    # Newcombe (1998), table II (a): 56/70 - 48/80 = .2, method 10: .0524 to .3339.
    found = share_rise(LeakCount(48, 80), LeakCount(56, 70), 0.95)
    assert numbers(found) == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-5)


def test_newcombe_where_nothing_leaks() -> None:
    # Wilson for 0 of 10 ends at z² / (10 + z²) = .277533, on both sides.
    found = share_rise(LeakCount(0, 10), LeakCount(0, 10), 0.95)
    assert numbers(found) == pytest.approx((0, -0.277533, 0.277533), abs=1e-5)


@given(st.integers(0, 30), st.integers(0, 30))
def test_the_rise_turns_with_its_ends(first: int, second: int) -> None:
    up = share_rise(LeakCount(first, 30), LeakCount(second, 30), 0.95)
    down = share_rise(LeakCount(second, 30), LeakCount(first, 30), 0.95)
    assert (up.value, up.low, up.high) == pytest.approx((-down.value, -down.high, -down.low))
    assert up.low <= up.value <= up.high
    assert -1 <= up.low <= up.high <= 1


def test_nothing_leaks() -> None:
    found = leakage_free([run(0, 0)] * 3)
    assert found.holds is True
    # All seeds agree exactly, and still the interval has a width: z² / (1200 + z²).
    assert found.pooled["rise"].high == pytest.approx(3.841459 / 1203.841459, abs=1e-6)


def test_a_clear_rise_is_a_no() -> None:
    found = leakage_free([run(4, 120), run(4, 100), run(4, 110)])
    assert found.holds is False
    assert found.seeds[0].evidence["start"] == pytest.approx(0.01)
    assert found.seeds[0].evidence["rise"] == pytest.approx(0.29)


def test_one_seed_that_leaks_is_a_no() -> None:
    found = leakage_free([run(0, 0), run(0, 0), run(0, 200)])
    assert [seed.holds for seed in found.seeds] == [True, True, False]
    assert found.holds is False


def test_few_responses_cannot_tell() -> None:
    # 0 of 10 twice: the upper end is .28.
    found = leakage_free([run(0, 0, responses=10)])
    assert found.holds is None
    assert found.seeds[0].reason == "too few responses"
    assert leakage_free([run(0, 0, responses=10)], tolerance=0.3).holds is True


def test_seeds_that_differ_cannot_tell() -> None:
    # Rises 0, 0 and .04 (of 4000): Student's interval of three is .0133 ± .0574.
    found = leakage_free([run(0, 0, 4000), run(0, 0, 4000), run(0, 160, 4000)])
    assert [seed.holds for seed in found.seeds] == [True] * 3
    assert found.pooled["rise"].value == pytest.approx(0.04 / 3)
    assert found.pooled["rise"].high == pytest.approx(0.04 / 3 + 0.057369, abs=1e-5)
    assert found.holds is None


def test_a_base_that_leaks_already_is_not_the_training() -> None:
    found = leakage_free([run(2000, 2000, 4000)] * 2)
    assert found.holds is True
    assert found.seeds[0].evidence["end"] == 0.5


def test_leaking_less_is_fine() -> None:
    assert leakage_free([run(100, 0)] * 2).holds is True


@pytest.mark.parametrize(
    "recording",
    [
        RunRecording("s"),
        RunRecording("s", leak_start=LeakCount(0, 100)),
        RunRecording("s", leak_start=LeakCount(0, 0), leak_end=LeakCount(0, 100)),
    ],
)
def test_an_end_that_was_not_counted_cannot_be_told(recording: RunRecording) -> None:
    found = leakage_free([recording])
    assert found.holds is None
    assert found.pooled == {}
    # Nor can a method with a missing seed.
    assert leakage_free([recording, run(0, 0), run(0, 0)]).holds is None
