from typing import NoReturn

import pytest

from rlsd_pipeline.verifiers.algebra import worker
from rlsd_pipeline.verifiers.algebra.worker import parse_text, settle


def test_outcomes() -> None:
    gold = parse_text(r"\frac{6}{2}")
    assert settle(gold, "3.0", 6, 1_000_000) == ("equal", None)
    assert settle(gold, "4", 6, 1_000_000) == ("unequal", None)
    assert settle(gold, r"\frac{", 6, 1_000_000) == ("unparsed", None)
    assert settle([], "3", 6, 1_000_000) == ("unparsed", None)


def test_rounding() -> None:
    gold = parse_text(r"2\sqrt{2}")
    assert settle(gold, "2.83", 6, 1_000_000) == ("unequal", None)
    assert settle(parse_text("2.83"), "2.828", 2, 1_000_000) == ("equal", None)


def test_work_is_counted_in_calls_and_not_in_time() -> None:
    gold, answer = parse_text(r"\sin(2x)"), r"2\sin x\cos x"
    outcomes = [settle(gold, answer, 6, calls) for calls in (1_000, 1_000, 1_000_000)]
    assert outcomes == [("too large", "work"), ("too large", "work"), ("equal", None)]


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (MemoryError(), ("too large", "MemoryError")),
        (RecursionError(), ("too large", "RecursionError")),
        (TypeError("no order"), ("failed", "TypeError: no order")),
    ],
)
def test_only_a_clean_comparison_says_unequal(
    monkeypatch: pytest.MonkeyPatch, error: Exception, outcome: tuple[str, str]
) -> None:
    def verify(*_: object, **__: object) -> NoReturn:
        raise error

    monkeypatch.setattr(worker, "verify", verify)
    assert settle(parse_text("3"), "x", 6, 1_000_000) == outcome
