import pytest

from rlsd_pipeline.config.weighting import GRPOWeighting, RLSDWeighting
from rlsd_pipeline.weighting.schedule import at_iteration, scheduled_mix


@pytest.mark.parametrize(
    ("iteration", "expected"),
    [
        (0, 0.5),
        (1, 0.49),  # 0.5 (1 - 1/50)
        (10, 0.4),  # 0.5 (1 - 10/50)
        (25, 0.25),  # 0.5 (1 - 25/50)
        (49, 0.01),  # 0.5 (1 - 49/50)
        (50, 0.0),
        (51, 0.0),
        (500, 0.0),
    ],
)
def test_paper(iteration: int, expected: float) -> None:
    assert scheduled_mix(0.5, iteration, warmup=0, decay=50) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("iteration", "expected"),
    [
        (0, 0.8),
        (10, 0.8),
        (11, 0.76),  # 0.8 (1 - 1/20)
        (15, 0.6),  # 0.8 (1 - 5/20)
        (30, 0.0),
        (31, 0.0),
    ],
)
def test_warmup(iteration: int, expected: float) -> None:
    assert scheduled_mix(0.8, iteration, warmup=10, decay=20) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("iteration", [0, 7, 999])
def test_without_decay(iteration: int) -> None:
    assert scheduled_mix(0.5, iteration, warmup=3, decay=None) == 0.5


def test_resolved_weighting_stands_still() -> None:
    declared = RLSDWeighting(mix=0.5, clip=0.3, warmup=2, decay=4)
    resolved = at_iteration(declared, 3)
    # 0.5 (1 - 1/4) = 0.375.
    assert resolved == RLSDWeighting(mix=0.375, clip=0.3, warmup=0, decay=None)
    assert at_iteration(resolved, 100) == resolved
    assert at_iteration(declared, 100) == RLSDWeighting(mix=0.0, clip=0.3, warmup=0, decay=None)


def test_equal_schedules_resolve_equally() -> None:
    """So that an arm's stream is shared wherever two schedules agree."""
    assert at_iteration(RLSDWeighting(decay=50), 0) == at_iteration(RLSDWeighting(decay=60), 0)


def test_grpo_has_no_schedule() -> None:
    assert at_iteration(GRPOWeighting(), 7) == GRPOWeighting()
