from assets.cli.pace import Pace


class Clock:
    """Seconds that a test sets."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_task_of_two_seconds_waits_so_that_it_takes_a_twentieth_of_the_time() -> None:
    clock = Clock()
    pace = Pace(0.05, clock)
    assert pace.is_due
    with pace.timed():
        clock.now += 2.0
    assert not pace.is_due
    clock.now += 37.9
    assert not pace.is_due
    clock.now += 0.2
    assert pace.is_due


def test_a_task_that_failed_waits_as_well() -> None:
    clock = Clock()
    pace = Pace(0.5, clock)
    try:
        with pace.timed():
            clock.now += 3.0
            raise ValueError
    except ValueError:
        pass
    clock.now += 2.0
    assert not pace.is_due
    clock.now += 1.0
    assert pace.is_due
