"""What is told of responses that no answer could be read from."""

from types import SimpleNamespace
from typing import Any

import pytest

from rlsd_pipeline.artifacts.tables import to_table
from rlsd_pipeline.config.experiment import ExperimentConfig
from rlsd_pipeline.stages.iteration.readable import nothing_readable, readable_text
from schemas import Reward, Verdict
from tests.small_experiment import ATTRIBUTES

CUT, UNPARSED = (Verdict.TRUNCATED, None), (Verdict.UNPARSED, None)
READ, FAILED = (Verdict.INCORRECT, "7"), (Verdict.VERIFIER_ERROR, None)


def told(*responses: tuple[Verdict, str | None], extraction: dict[str, Any]) -> Any:
    """A run and its rewards."""
    rows = [
        {
            **Reward.example,
            "rollout_id": f"p#{number}",
            "verdict": verdict,
            "extracted": extracted,
            "reward": None if verdict is Verdict.VERIFIER_ERROR else 0.0,
        }
        for number, (verdict, extracted) in enumerate(responses)
    ]
    table = to_table(Reward, {name: [row[name] for row in rows] for name in Reward.model_fields})
    rewards = SimpleNamespace(table=lambda record, columns: table.select(columns))
    verifier = {"type": "exact", "extraction": extraction}
    sampling = ATTRIBUTES["sampling"] | {"max_tokens": 48}
    declared = ATTRIBUTES | {"verifier": verifier, "sampling": sampling}
    store = SimpleNamespace(intact_ref=lambda name: rewards)
    run = SimpleNamespace(
        experiment=ExperimentConfig.model_validate(declared),
        workspace=SimpleNamespace(store=store),
        reference=str,
    )
    return run, rewards


def test_nothing_can_be_read() -> None:
    run, rewards = told(*[CUT] * 14, UNPARSED, UNPARSED, extraction={"type": "answer_tag"})
    text = "0 of 16 readable: 14 cut at 48 tokens, 2 without `<answer>`"
    assert readable_text(run, rewards) == text
    assert nothing_readable(run).startswith(f"{text}. Nothing can be learnt from these")


def test_one_readable_response_is_no_cause_for_a_warning() -> None:
    run, rewards = told(READ, CUT, FAILED, extraction={"type": "answer_tag"})
    assert readable_text(run, rewards) == (
        "1 of 3 readable: 1 cut at 48 tokens, 1 that the verifier failed on"
    )
    assert nothing_readable(run) is None


def test_all_can_be_read() -> None:
    assert readable_text(*told(READ, READ, extraction={"type": "boxed"})) == "2 of 2 readable"


@pytest.mark.parametrize(
    ("extraction", "wanted"),
    [
        ({"type": "boxed"}, r"`\boxed{}`"),
        ({"type": "last_line", "prefix": "So:"}, "a last line that begins with `So:`"),
        ({"type": "final_answer"}, "an answer in any usual form"),
    ],
)
def test_what_is_missing_is_named(extraction: dict[str, Any], wanted: str) -> None:
    assert readable_text(*told(UNPARSED, extraction=extraction)).endswith(f"1 without {wanted}")
