"""Where each token's text ends in the response's."""

from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers.tokenization_utils_fast import PreTrainedTokenizerFast

from rlsd_pipeline.models.policy import Policy

END = 2
TAGS = ("<think>", "</think>", "<answer>", "</answer>")


def _alphabet() -> dict[str, int]:
    """GPT-2's: printable bytes stand for themselves, the others for characters from 256 on."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    return {chr(b): b for b in printable} | {chr(256 + i): b for i, b in enumerate(others)}


ALPHABET = _alphabet()


def by_bytes(policy: Policy, token_ids: list[int]) -> list[int]:
    """Whole characters among the bytes so far; an unfinished one at the end does not count."""
    read, ends = b"", []
    for token in policy.tokenizer.convert_ids_to_tokens(token_ids):
        if token in TAGS:
            read += token.encode()
        elif token != "<|im_end|>":
            read += bytes(ALPHABET[character] for character in token)
        ends.append(len(read.decode(errors="ignore")))
    return ends


def ids_of(policy: Policy, text: str) -> list[int]:
    return list(policy.tokenizer(text, add_special_tokens=False).input_ids)


def test_ascii(vision_policy: Policy) -> None:
    ids = [*ids_of(vision_policy, "<think>a red X!</think>"), END]
    tokens = vision_policy.tokenizer.convert_ids_to_tokens(ids)
    # The tiny vocabulary has a few pairs of letters beside single ones.
    assert tokens[:2] == ["<think>", "a"]
    ends = vision_policy.token_ends(ids, "<think>a red X!</think>")
    assert ends[:2] == [7, 8]
    # Up to the closing tag, the tag itself, and the end token, which has no text.
    assert ends[-3:] == [15, 23, 23]
    assert ends == by_bytes(vision_policy, ids)


def test_a_character_of_several_tokens_ends_with_its_last(vision_policy: Policy) -> None:
    # é has two bytes, 中 three, 😀 four; none is a token of its own here.
    text = "aé中😀b"
    ids = ids_of(vision_policy, text)
    assert len(ids) == 1 + 2 + 3 + 4 + 1
    expected = [1, 1, 2, 2, 2, 3, 3, 3, 3, 4, 5]
    assert vision_policy.token_ends(ids, text) == expected


def test_a_character_cut_off_at_the_limit(vision_policy: Policy) -> None:
    ids = ids_of(vision_policy, "a😀")[:-1]
    text = vision_policy.decode(ids)
    assert text == "a\ufffd"
    assert vision_policy.token_ends(ids, text) == [1, 1, 1, 1]


def test_end_tokens_anywhere_have_no_text(vision_policy: Policy) -> None:
    ids = [END, *ids_of(vision_policy, "b"), END, *ids_of(vision_policy, "c"), END, END]
    text = vision_policy.decode(ids)
    assert text == "bc"
    assert vision_policy.token_ends(ids, text) == [0, 1, 1, 2, 2, 2]


def test_no_tokens(vision_policy: Policy) -> None:
    assert vision_policy.token_ends([], "") == []


@given(st.text(max_size=20))
@example("👩\u200d👩\u200d👧 a\u0301 \u202e 日本語")
@example("\ufffd real replacement \ufffd\ufffd characters")
@example(" two  blanks \n\n and lines ")
def test_any_text(vision_policy: Policy, text: str) -> None:
    ids = [*ids_of(vision_policy, text), END]
    assert vision_policy.decode(ids) == text
    found, expected = vision_policy.token_ends(ids, text), by_bytes(vision_policy, ids)
    if "\ufffd" not in text:
        assert found == expected
        return
    # A genuine replacement character looks like a part of another, and waits for what follows.
    assert all(one <= other for one, other in zip(found, expected, strict=True))
    assert found == sorted(found)


@given(st.lists(st.integers(7, 295) | st.just(END), max_size=24))
@example([137] * 12)
@example([137] * 12 + [40])
def test_any_tokens(vision_policy: Policy, token_ids: list[int]) -> None:
    """Sampled bytes need not be text; what is said to end there is what they decode to."""
    text = vision_policy.decode(token_ids)
    ends = vision_policy.token_ends(token_ids, text)
    assert ends == sorted(ends)
    assert len(ends) == len(token_ids)
    for count, (before, end) in enumerate(zip([0, *ends], ends, strict=False), start=1):
        if end > before:
            assert vision_policy.decode(token_ids[:count]) == text[:end]
    if not text.endswith("\ufffd"):
        assert not ends or ends[-1] == len(text)


@pytest.fixture(scope="module")
def worded(build: Callable[[str], Policy]) -> Policy:
    """A tokenizer that keeps the blank with its word and drops the one that begins a text.

    As those made with SentencePiece do.
    """
    words = ["▁the", "▁answer", "▁is", "▁red", ".", "▁so", "▁it", "▁has", "▁been", "▁long"]
    vocabulary = {word: index for index, word in enumerate(["<unk>", "</s>", *words])}
    inner = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    inner.pre_tokenizer = pre_tokenizers.Metaspace()
    inner.decoder = decoders.Metaspace()
    template = "{{ messages[0].content }}"
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=inner, eos_token="</s>", chat_template=template
    )
    model = build("llama").model
    model.generation_config.eos_token_id = tokenizer.eos_token_id
    return Policy(model, tokenizer)


def test_words_that_carry_their_blank(worded: Policy) -> None:
    ids = worded.tokenizer.convert_tokens_to_ids(["▁the", "▁answer", "▁is", "▁red", ".", "</s>"])
    text = worded.decode(ids)
    assert text == "the answer is red."
    assert worded.token_ends(ids, text) == [3, 10, 13, 17, 18, 18]
