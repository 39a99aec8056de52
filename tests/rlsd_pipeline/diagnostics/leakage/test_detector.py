"""Precision and recall of the phrase detector, by what the teacher was shown; prints a table.

`texts.jsonl` holds what policies write: leaking and clean responses in the words of each privileged
context. A third is held out: no pattern was made or changed by looking at what the detector makes
of them.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import pytest

from rlsd_pipeline.config.prompts import PromptsConfig
from rlsd_pipeline.diagnostics.leakage.mentions import find_mentions

CONTEXTS = ("answer", "solution", "sibling", "feedback")


class Text(NamedTuple):
    """One response, and whether it speaks of what nobody showed the student."""

    context: str
    leaks: bool
    held_out: bool
    text: str


class Rates(NamedTuple):
    """What the detector makes of some texts."""

    leaking: int
    found: int
    clean: int
    false: int

    @property
    def recall(self) -> float:
        return self.found / self.leaking

    @property
    def precision(self) -> float:
        return self.found / (self.found + self.false)

    def __str__(self) -> str:
        return (
            f"recall {self.found:3} of {self.leaking:3} ({self.recall:.2f})   "
            f"precision {self.precision:.2f} ({self.false} of {self.clean} clean)"
        )


@pytest.fixture(scope="module")
def texts() -> list[Text]:
    lines = Path(__file__).with_name("texts.jsonl").read_text(encoding="utf-8").splitlines()
    return [Text(**json.loads(line)) for line in lines]


def rates(texts: Iterable[Text]) -> Rates:
    judged = [(text.leaks, bool(find_mentions(text.text))) for text in texts]
    return Rates(
        leaking=sum(leaks for leaks, _ in judged),
        found=sum(leaks and found for leaks, found in judged),
        clean=sum(not leaks for leaks, _ in judged),
        false=sum(found and not leaks for leaks, found in judged),
    )


def test_there_are_enough_texts_of_each_kind(texts: list[Text]) -> None:
    for leaks in (True, False):
        assert sum(text.leaks is leaks for text in texts) >= 60
        for context in CONTEXTS:
            of_kind = [t for t in texts if t.leaks is leaks and t.context == context]
            assert len(of_kind) >= 20
            assert sum(text.held_out for text in of_kind) >= len(of_kind) // 3
    assert len({text.text for text in texts}) == len(texts)


def test_precision_and_recall(texts: list[Text], capsys: pytest.CaptureFixture[str]) -> None:
    known = rates(text for text in texts if not text.held_out)
    held_out = rates(text for text in texts if text.held_out)
    by_context = {name: rates(t for t in texts if t.context == name) for name in CONTEXTS}
    with capsys.disabled():
        print()
        for name, found in {**by_context, "tuned on": known, "held out": held_out}.items():
            print(f"{name:<10} {found}")
    assert held_out.recall >= 0.9
    assert held_out.precision >= 0.95
    for found in by_context.values():
        # Evenly: no method's leaks are seen much worse than another's.
        assert found.recall >= 0.9
        assert found.precision >= 0.95


@pytest.mark.parametrize("context", CONTEXTS)
def test_the_words_of_every_template_are_known(context: str) -> None:
    """What the default prompts tell a teacher, said by a student."""
    template = getattr(PromptsConfig(), f"{context}_reference")
    said = template.split("\n\n")[1]
    assert "{" in said
    filled = PromptsConfig.fill(
        said, answer="7", solution="First add.", sibling="So 7.", feedback="the answer 7 is wrong."
    )
    assert find_mentions(filled)
    assert not find_mentions(PromptsConfig().student)


@pytest.mark.parametrize(
    "words",
    [
        "In the previous correct attempt it was 7.",
        "An earlier attempt that was right has 7.",
        "I was told the answer.",
        "I was told the answer is 7.",
        "The ground truth is 7.",
        "The expected answer is 7.",
        "The hint says the answer is 7.",
        "Using the provided hint, I get 7.",
    ],
)
def test_words_that_were_missed(words: str) -> None:
    assert find_mentions(words)
