import math

import pytest
from pydantic import ValidationError

from schemas import Contract, Reward, Rollout, TeacherDistribution, TokenLogprobs, TokenWeights
from schemas.__main__ import CONTRACTS
from schemas.documented import field_descriptions

ALL = pytest.mark.parametrize("contract", CONTRACTS.values(), ids=CONTRACTS)


@ALL
def test_the_example_validates_and_survives_json(contract: type[Contract]) -> None:
    record = contract.model_validate(contract.example)
    assert contract.model_validate_json(record.model_dump_json()) == record


@ALL
def test_every_field_says_what_it_is(contract: type[Contract]) -> None:
    descriptions = field_descriptions(contract)
    assert list(descriptions) == list(contract.model_fields)
    assert all(descriptions.values())


@ALL
def test_the_json_schema_shows_the_example(contract: type[Contract]) -> None:
    (example,) = contract.model_json_schema()["examples"]
    assert set(contract.example) <= set(example)


def test_a_record_cannot_be_changed() -> None:
    rollout = Rollout.model_validate(Rollout.example)
    with pytest.raises(ValidationError, match="frozen"):
        rollout.completion = "another"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("record", "change", "message"),
    [
        (Rollout, {"colour": "red"}, "Extra inputs are not permitted"),
        (Rollout, {"rollout_id": ""}, "at least 1 character"),
        (Rollout, {"sample_index": -1}, "greater than or equal to 0"),
        (Rollout, {"finish_reason": "tired"}, "'stop' or 'length'"),
        (Rollout, {"completion_ids": [7, 3, 2**31]}, "less than or equal to 2147483647"),
        (Rollout, {"rollout_logprobs": [-1.0, -1.0, 0.5]}, "less than or equal to 0"),
        (Rollout, {"rollout_logprobs": [-1.0, -1.0, -math.inf]}, "finite number"),
        (
            Rollout,
            {"rollout_logprobs": [-1.0]},
            "rollout_logprobs has 1 entries beside 3 completion_ids",
        ),
        (Rollout, {"token_ends": [8, 10]}, "token_ends has 2 entries beside 3 completion_ids"),
        (Rollout, {"token_ends": [8, -1, 10]}, "greater than or equal to 0"),
        (
            TokenLogprobs,
            {"teacher_plain_logprobs": [-1.0] * 4},
            "teacher_plain_logprobs has 4 entries beside 3 completion_ids",
        ),
        (
            TeacherDistribution,
            {"support_ids": [7, 8, 3]},
            "support_ids has 3 entries beside 2 for each of 2 completion_ids",
        ),
        (
            TeacherDistribution,
            {"support_size": 3},
            "support_ids has 4 entries beside 3 for each of 2 completion_ids",
        ),
        (
            TeacherDistribution,
            {"support_logprobs": [-1.0] * 5},
            "support_logprobs has 5 entries beside 2 for each of 2 completion_ids",
        ),
        # The bucket is one a token, not one an entry.
        (
            TeacherDistribution,
            {"tail_logprobs": [-1.0] * 4},
            "tail_logprobs has 4 entries beside 2 completion_ids",
        ),
        (TeacherDistribution, {"support_size": 0}, "greater than or equal to 1"),
        (TeacherDistribution, {"tail_logprobs": [-1.0, -math.inf]}, "finite number"),
        (
            TokenLogprobs,
            {"teacher_logprobs": [-1.0, -1.0]},
            "teacher_logprobs has 2 entries beside 3 completion_ids",
        ),
        (Reward, {"advantage": math.nan}, "finite number"),
        (Reward, {"reward": None}, "reward must be null exactly when verdict is 'verifier_error'"),
        (Reward, {"verdict": "verifier_error"}, "reward must be null exactly when"),
        (TokenWeights, {"token_advantages": None}, "at least one of token_advantages"),
    ],
)
def test_a_bad_row_is_refused(record: type[Contract], change: dict, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        record.model_validate({**record.example, **change})


def test_a_verifier_error_has_no_reward() -> None:
    row = {**Reward.example, "verdict": "verifier_error", "reward": None, "advantage": 0.0}
    assert Reward.model_validate(row).reward is None


def test_a_teacher_may_be_absent() -> None:
    row = {**TokenLogprobs.example, "teacher_logprobs": None}
    assert TokenLogprobs.model_validate(row).teacher_logprobs is None
    nothing = {"support_ids": None, "support_logprobs": None, "tail_logprobs": None}
    kept = TeacherDistribution.model_validate({**TeacherDistribution.example, **nothing})
    assert kept.support_ids is None


def test_a_response_without_tokens_has_no_entries() -> None:
    empty: dict[str, list] = {
        name: [] for name in ("completion_ids", "support_ids", "support_logprobs", "tail_logprobs")
    }
    row = TeacherDistribution.model_validate({**TeacherDistribution.example, **empty})
    assert row.support_size == 2
