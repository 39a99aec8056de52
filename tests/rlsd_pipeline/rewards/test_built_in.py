"""What each built-in part gives, against values worked out by hand."""

from collections.abc import Callable

import pytest

from rlsd_pipeline.config.strict import validate
from rlsd_pipeline.errors import ConfigError
from rlsd_pipeline.rewards.accuracy import Accuracy
from rlsd_pipeline.rewards.format import Format
from rlsd_pipeline.rewards.language import Language
from rlsd_pipeline.rewards.overlong import Overlong
from rlsd_pipeline.rewards.repetition import Repetition
from rlsd_pipeline.rewards.reward_function import Response
from schemas import Verdict

Make = Callable[..., Response]


@pytest.mark.parametrize(
    ("verdict", "score"),
    [
        (Verdict.CORRECT, 1.0),
        (Verdict.INCORRECT, 0.0),
        (Verdict.TRUNCATED, 0.0),
        (Verdict.VERIFIER_ERROR, None),
    ],
)
def test_accuracy(response: Make, verdict: Verdict, score: float | None) -> None:
    assert Accuracy().score(response(verdict=verdict)) == score


def test_format_is_kept_or_not(response: Make) -> None:
    assert Format().score(response()) == 1.0
    assert Format().score(response(format_ok=False)) == 0.0


@pytest.mark.parametrize(
    ("length", "score"),
    # L_max 20, L_cache 4: nothing up to 16, then (16 - |y|) / 4.
    [(1, 0.0), (16, 0.0), (17, -0.25), (19, -0.75), (20, -1.0), (21, -1.0)],
)
def test_overlong_grows_over_the_last_fifth(response: Make, length: int, score: float) -> None:
    assert Overlong().score(response(tokens=[1] * length)) == score
    declared = Overlong(max_tokens=20, buffer_tokens=4)
    assert declared.score(response(tokens=[1] * length, max_tokens=999)) == score


def test_a_buffer_longer_than_the_limit_is_refused() -> None:
    declared = {"max_tokens": 8, "buffer_tokens": 9}
    with pytest.raises(ConfigError, match="buffer_tokens, 9, is more than max_tokens, 8"):
        validate(Overlong, declared, source="defs.yaml")


@pytest.mark.parametrize(
    ("tokens", "score"),
    [
        ([1, 2, 3, 4], 0.0),
        # 12 23 31 12 23: 3 distinct of 5.
        ([1, 2, 3, 1, 2, 3], 3 / 5 - 1),
        ([7, 7, 7, 7, 7], 1 / 4 - 1),
        ([7], 0.0),
        ([], 0.0),
    ],
)
def test_repetition_of_pairs(response: Make, tokens: list[int], score: float) -> None:
    assert Repetition(ngram_tokens=2).score(response(tokens=tokens)) == pytest.approx(score)


@pytest.mark.parametrize(
    ("text", "scripts", "score"),
    [
        ("so: 4 + 4 = 8", ["latin"], 1.0),
        ("答案 is 8", ["latin"], 0.5),
        ("答案 is 8", ["cjk"], 0.5),
        ("答案 is 8", ["cjk", "latin"], 1.0),
        ("Это x", ["cyrillic"], 0.75),
        ("4 + 4 = 8", ["latin"], None),
    ],
)
def test_language_is_the_share_of_letters(
    response: Make, text: str, scripts: list[str], score: float | None
) -> None:
    part = Language.model_validate({"scripts": scripts})
    assert part.score(response(completion=text)) == score
