"""How well the phrase detector does on texts in the words of each privileged context."""

import pytest

from rlsd_pipeline.config.prompts import PromptsConfig
from rlsd_pipeline.diagnostics.leakage.mentions import find_mentions
from tests.rlsd_pipeline.diagnostics.leakage.detector_table import (
    CONTEXTS,
    Text,
    rates,
    read_texts,
)


@pytest.fixture(scope="module")
def texts() -> list[Text]:
    return read_texts()


def test_there_are_enough_texts_of_each_kind(texts: list[Text]) -> None:
    for leaks in (True, False):
        assert sum(text.leaks is leaks for text in texts) >= 60
        for context in CONTEXTS:
            of_kind = [t for t in texts if t.leaks is leaks and t.context == context]
            assert len(of_kind) >= 20
            assert sum(text.held_out for text in of_kind) >= len(of_kind) // 3
    assert len({text.text for text in texts}) == len(texts)


def test_precision_and_recall(texts: list[Text]) -> None:
    held_out = rates(text for text in texts if text.held_out)
    by_context = {name: rates(t for t in texts if t.context == name) for name in CONTEXTS}
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
