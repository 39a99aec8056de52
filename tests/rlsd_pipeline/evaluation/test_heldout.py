import pytest

from rlsd_pipeline.evaluation.heldout import breakdown
from schemas import ItemVerdict, Verdict

RIGHT, WRONG = Verdict.CORRECT, Verdict.INCORRECT
ERROR, CUT, UNREAD = Verdict.VERIFIER_ERROR, Verdict.TRUNCATED, Verdict.UNPARSED


def item(problem: str, sample: int, verdict: Verdict, **attributes: str) -> ItemVerdict:
    labels = {name.replace("__", ":"): value for name, value in attributes.items()}
    return ItemVerdict(
        problem_id=problem,
        sample_index=sample,
        completion="",
        extracted=None,
        verdict=verdict,
        guessed=False,
        judged=None,
        attributes=labels,
    )


def test_breakdown_by_attribute() -> None:
    items = [
        item("a", 0, RIGHT, kind="plain"),
        item("b", 0, WRONG, kind="plain"),
        item("c", 0, RIGHT, kind="open"),
        item("d", 0, ERROR, kind="open"),
        item("e", 0, ERROR, kind="rare"),
    ]
    found = breakdown(items, 0.95)
    assert list(found) == ["kind=open", "kind=plain"]
    assert (found["kind=plain"].n, found["kind=plain"].score) == (2, 0.5)
    assert (found["kind=open"].n, found["kind=open"].score) == (1, 1.0)
    # 1 of 1 has a probability of .05 at .05; Wilson's end, 1 / 4.8415, would be nearer.
    assert found["kind=open"].interval_low == pytest.approx(0.05, abs=5e-5)


def test_breakdown_of_steps_is_about_the_step_and_not_the_answer() -> None:
    items = [
        item("a", 0, RIGHT, step__compare="right"),
        item("a", 1, RIGHT, step__compare="wrong"),
        item("b", 0, WRONG, step__compare="right"),
        item("c", 0, WRONG, step__compare="missing"),
        item("d", 0, RIGHT),
        item("e", 0, ERROR, step__compare="right"),
    ]
    found = breakdown(items, 0.95)
    # a: 1/2, b: 1, c: 0; d has no such step, e no verdict: (0.5 + 1 + 0) / 3.
    assert list(found) == ["step:compare"]
    assert (found["step:compare"].n, found["step:compare"].score) == (3, pytest.approx(0.5))
