"""R is the weighted sum of parts, and a part that does not keep to its word is told of."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from rlsd_pipeline.components.component import identity
from rlsd_pipeline.config.experiment import ExperimentConfig
from rlsd_pipeline.config.strict import validate
from rlsd_pipeline.errors import ComponentError, ConfigError
from rlsd_pipeline.groups import Groups
from rlsd_pipeline.rewards.accuracy import Accuracy
from rlsd_pipeline.rewards.format import Format
from rlsd_pipeline.rewards.overlong import Overlong
from rlsd_pipeline.rewards.parts import rewarded
from rlsd_pipeline.rewards.reward_function import Response, RewardFunction
from rlsd_pipeline.rewards.usual import RewardWeights
from schemas import Verdict
from tests.small_experiment import ATTRIBUTES

Make = Callable[..., Response]


class Shortest(RewardFunction):
    """1 for the shortest response of a group, nothing for others."""

    def score_group(self, responses: Sequence[Response]) -> list[float | None]:
        least = min(len(response.completion_ids) for response in responses)
        return [1.0 if len(r.completion_ids) == least else None for r in responses]


class Gives(RewardFunction):
    """Whatever a test wants."""

    what: str = "nan"

    def score(self, response: Response) -> float:
        return {"nan": float("nan"), "inf": float("inf"), "text": "1"}[self.what]  # type: ignore[return-value]


class Forgets(RewardFunction):
    def score_group(self, responses: Sequence[Response]) -> list[float]:
        return [1.0]


class Breaks(RewardFunction):
    def score(self, response: Response) -> float:
        return 1 / 0


def declared(reward: Any) -> ExperimentConfig:
    return validate(ExperimentConfig, {**ATTRIBUTES, "reward": reward}, source="defs.yaml")


def test_the_usual_reward_is_accuracy_and_format(response: Make) -> None:
    given = [
        response(),
        response(format_ok=False),
        response(verdict=Verdict.INCORRECT),
        response(verdict=Verdict.VERIFIER_ERROR),
    ]
    found = rewarded(RewardWeights().parts, given, Groups("qqqq"))
    assert found.rewards == [0.9 + 0.1, 0.9, 0.1, None]
    assert found.parts == {}


def test_other_parts_are_columns_and_nothing_adds_nothing(response: Make) -> None:
    parts = [Accuracy(weight=0.5), Shortest(weight=2.0), Overlong(weight=0.25, name="length")]
    given = [
        response("a", tokens=[1] * 18),
        response("b", tokens=[1] * 3, verdict=Verdict.INCORRECT),
        response("a", tokens=[1] * 20),
        response("b", tokens=[1] * 2, verdict=Verdict.VERIFIER_ERROR),
    ]
    found = rewarded(parts, given, Groups("abab"))
    assert found.parts == {
        "reward_accuracy": [1.0, 0.0, 1.0, None],
        "reward_shortest": [1.0, None, None, 1.0],
        "reward_length": [-0.5, 0.0, -1.0, 0.0],
    }
    # 0.5 + 2 - 0.25 / 2; nothing; 0.5 - 0.25; the verifier failed.
    assert found.rewards == [2.375, 0.0, 0.25, None]


@pytest.mark.parametrize(
    ("part", "said"),
    [
        (Gives(what="nan"), "Gives`, problem q: it gave the score nan"),
        (Gives(what="inf"), "it gave the score inf"),
        (Gives(what="text"), "it gave the score '1'"),
        (Forgets(), "Forgets`, problem q: it gave 1 scores of 2 responses"),
        (Breaks(), "Breaks`, problem q: ZeroDivisionError: division by zero"),
    ],
)
def test_a_part_that_gives_no_numbers_is_one_message(
    response: Make, part: RewardFunction, said: str
) -> None:
    with pytest.raises(ComponentError) as error:
        rewarded([part], [response("q"), response("q")], Groups("qq"))
    assert said in str(error.value)
    assert "test_parts.py, line " in str(error.value)


def test_a_list_of_the_two_is_the_mapping() -> None:
    mapping = declared({"accuracy_weight": 0.5, "format_weight": 0.25})
    listed = declared([{"type": "format", "weight": 0.25}, {"type": "accuracy", "weight": 0.5}])
    expected = {"reward": {"accuracy_weight": 0.5, "format_weight": 0.25}}
    assert identity(mapping, "reward") == identity(listed, "reward") == expected
    alone = declared([{"type": "accuracy"}])
    assert identity(alone, "reward") == {"reward": {"accuracy_weight": 1.0, "format_weight": 0.0}}


def test_any_other_list_has_an_identity_of_its_own() -> None:
    found = identity(declared([{"type": "accuracy"}, {"type": "overlong"}]), "reward")
    assert found["reward"] == [
        {"type": "accuracy", "weight": 1.0, "name": None},
        {
            "type": "overlong",
            "weight": 1.0,
            "name": None,
            "max_tokens": None,
            "buffer_tokens": None,
        },
    ]


def test_a_declared_reward_survives_json() -> None:
    experiment = declared([{"type": "accuracy"}, {"type": "repetition", "weight": -0.5}])
    assert ExperimentConfig.model_validate_json(experiment.model_dump_json()) == experiment
    usual = declared({"accuracy_weight": 0.5})
    assert ExperimentConfig.model_validate_json(usual.model_dump_json()) == usual
    assert [type(part) for part in usual.reward] == [Accuracy, Format]


@pytest.mark.parametrize(
    ("reward", "said"),
    [
        ({"accuracy_weight": 0, "format_weight": 0}, "nothing is rewarded"),
        ([{"type": "accuracy", "weight": 0}], "nothing is rewarded"),
        ([], "at least 1 item"),
        ({"acuracy_weight": 1}, "unknown key 'acuracy_weight'; did you mean 'accuracy_weight'?"),
        ({"type": "accuracy"}, "parts are a list"),
        ({"accuracy_weight": -1}, "reward.accuracy_weight: input should be greater"),
        ([{"type": "acuracy"}], r"unknown type 'acuracy'; did you mean 'accuracy'?"),
        ([{"type": "accuracy"}] * 2, "two parts are called 'accuracy': give one of them another"),
        ([{"type": "accuracy", "name": "a b"}], "name: string should match pattern"),
    ],
)
def test_a_mistake_in_the_list_is_told(reward: Any, said: str) -> None:
    with pytest.raises(ConfigError) as error:
        declared(reward)
    assert said in str(error.value)
