import json
from pathlib import Path

import pyarrow as pa
import pytest

from rlsd_pipeline.diagnostics.leakage.candidates import candidates
from rlsd_pipeline.diagnostics.leakage.mentions import (
    DEFAULT_PATTERNS,
    count_mentioning,
    find_mentions,
)


def test_no_text_with_a_mention_is_passed_over_and_few_others_are_kept() -> None:
    lines = Path(__file__).with_name("texts.jsonl").read_text(encoding="utf-8").splitlines()
    texts = [json.loads(line)["text"] for line in lines]
    texts += [text.upper().replace(" ", "\x1c\v") for text in texts]
    mentioning = [text for text in texts if find_mentions(text)]
    kept = candidates(texts, DEFAULT_PATTERNS)
    assert set(mentioning) <= set(kept)
    assert len(kept) < 1.5 * len(mentioning) < len(texts)
    assert count_mentioning(texts) == count_mentioning(pa.chunked_array([texts]))
    assert count_mentioning(texts) == len(mentioning)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (r"(?<!\ba )\bgiven\s+answer\b(?!s|\s+(?:choice|set))", "The given answer."),
        (r"the\s+reference(?=\s*(?:$|[.,:;!?)\]\"']|(?:and|so)\b))", 'the reference"'),
        (r"ground[-\s]truth$", "ground\x1ctruth\n"),
        (r"known\s+solution", "nown solution \u212anown\u00a0solution"),
        (r"(?:\(a\)|[)\](])\.", "this (a)."),
    ],
)
def test_looks_around_and_other_letters_lose_no_text(pattern: str, text: str) -> None:
    assert find_mentions(text, [pattern])
    assert candidates(["nothing here", text], [pattern]) == [text]
