from typing import Annotated, Literal

import pytest
from pydantic import Field, ValidationError, model_validator

from rlsd_pipeline.config.strict import StrictConfig, describe, validate
from rlsd_pipeline.errors import ConfigError


class GRPO(StrictConfig):
    type: Literal["grpo"] = "grpo"
    scale: float = 1.0


class RLSD(StrictConfig):
    type: Literal["rlsd"] = "rlsd"
    clip: float = 0.2
    mix: Annotated[float, Field(ge=0, le=1)] = 0.5


Weighting = Annotated[GRPO | RLSD, Field(discriminator="type")]


class Arm(StrictConfig):
    weighting: Weighting = RLSD()
    seed: int = 0


class Update(StrictConfig):
    learning_rate: float = 1e-6
    steps: int | None = None
    warmup: GRPO | None = None

    @model_validator(mode="after")
    def _steps_are_not_thirteen(self) -> "Update":
        if self.steps == 13:
            raise ValueError("13 steps bring bad luck")
        return self


class Experiment(StrictConfig):
    name: str
    update: Update = Update()
    weighting: Weighting = RLSD()
    arms: list[Arm] = Field(default_factory=list)
    named_arms: dict[str, Weighting] = Field(default_factory=dict)
    budget: RLSD | int = 3


def message(**changes: object) -> str:
    with pytest.raises(ConfigError) as error:
        validate(Experiment, {"name": "x", **changes}, source="defs.yaml", path="attributes")
    return str(error.value)


def test_valid_data_gives_the_model() -> None:
    experiment = validate(Experiment, {"name": "x", "update": {"steps": 3}}, source="defs.yaml")
    assert experiment == Experiment(name="x", update=Update(steps=3))


def test_unknown_key_names_its_path_and_the_nearest_key() -> None:
    assert message(update={"learning_rat": 1}) == (
        "defs.yaml: attributes.update.learning_rat: unknown key (found 1); "
        "did you mean 'learning_rate'?"
    )


def test_unknown_key_far_from_all_lists_the_keys() -> None:
    assert message(update={"zzz": "yes"}) == (
        "defs.yaml: attributes.update.zzz: unknown key (found 'yes'); "
        "valid keys: learning_rate, steps, warmup"
    )


def test_key_of_the_right_member_of_a_union() -> None:
    assert message(weighting={"type": "rlsd", "clipp": 0.1}) == (
        "defs.yaml: attributes.weighting.clipp: unknown key (found 0.1); did you mean 'clip'?"
    )


def test_unknown_type() -> None:
    assert message(weighting={"type": "rlds"}) == (
        "defs.yaml: attributes.weighting.type: unknown type 'rlds'; did you mean 'rlsd'?"
    )
    assert message(weighting={"type": "xyz"}) == (
        "defs.yaml: attributes.weighting.type: unknown type 'xyz'; valid types: grpo, rlsd"
    )


def test_missing_type() -> None:
    assert message(arms=[{}, {"weighting": {"clip": 0.1}}]) == (
        "defs.yaml: attributes.arms[1].weighting.type: missing (found {'clip': 0.1}); "
        "valid types: grpo, rlsd"
    )


def test_a_bare_name_of_a_type() -> None:
    assert message(weighting="grpo") == (
        "defs.yaml: attributes.weighting: a mapping with a `type` is needed (found 'grpo'): "
        "write `{type: grpo}`"
    )
    assert message(weighting=None) == (
        "defs.yaml: attributes.weighting: a mapping with a `type` is needed (found None); "
        "valid types: grpo, rlsd"
    )


def test_list_and_dict_places() -> None:
    assert message(arms=[{}, {"weighting": {"type": "rlsd", "mx": 1}}]) == (
        "defs.yaml: attributes.arms[1].weighting.mx: unknown key (found 1); did you mean 'mix'?"
    )
    assert message(named_arms={"a": {"type": "grpo", "scal": 1}}) == (
        "defs.yaml: attributes.named_arms.a.scal: unknown key (found 1); did you mean 'scale'?"
    )


def test_optional_model_is_not_a_union() -> None:
    assert message(update={"warmup": {"scal": 1}}) == (
        "defs.yaml: attributes.update.warmup.scal: unknown key (found 1); did you mean 'scale'?"
    )


def test_untagged_union_tells_about_each_member() -> None:
    assert message(budget={"clipp": 1}) == (
        "defs.yaml: 2 problems\n"
        "  attributes.budget.clipp: unknown key (found 1); did you mean 'clip'?\n"
        "  attributes.budget: input should be a valid integer (found {'clipp': 1})"
    )


def test_wrong_values_and_validators() -> None:
    assert message(update={"steps": "many"}, weighting={"type": "rlsd", "mix": 2}) == (
        "defs.yaml: 2 problems\n"
        "  attributes.update.steps: input should be a valid integer (found 'many')\n"
        "  attributes.weighting.mix: input should be less than or equal to 1 (found 2)"
    )
    assert message(update={"steps": 13}) == (
        "defs.yaml: attributes.update: 13 steps bring bad luck (found {'steps': 13})"
    )


def test_missing_key_and_not_a_mapping_without_a_path() -> None:
    with pytest.raises(ConfigError) as missing:
        validate(Experiment, {}, source="cli")
    assert str(missing.value) == "cli: name: required, but missing"
    with pytest.raises(ConfigError) as text:
        validate(Experiment, "x", source="cli")
    assert str(text.value) == (
        "cli: the document: input should be a valid dictionary or instance of Experiment "
        "(found 'x')"
    )


def test_describe_shortens_what_it_found() -> None:
    with pytest.raises(ValidationError) as error:
        Update.model_validate({"learning_rate": "x" * 500})
    assert describe(error.value, Update, "here") == (
        f"here: learning_rate: input should be a valid number (found '{'x' * 58}…)"
    )


@pytest.mark.parametrize("value", [float("inf"), float("-inf"), float("nan")])
def test_no_number_is_infinite(value: float) -> None:
    assert message(update={"learning_rate": value}) == (
        "defs.yaml: attributes.update.learning_rate: input should be a finite number "
        f"(found {value})"
    )


def test_a_truth_value_is_no_number_and_text_is_neither() -> None:
    truth = message(update={"steps": True, "learning_rate": False})
    assert "attributes.update.steps: input should be a valid integer (found True): YAML" in truth
    assert "attributes.update.learning_rate: input should be a valid number (found False)" in truth
    assert message(update={"steps": "5"}).endswith("(found '5'): a number stands without quotes")
    assert message(update={"learning_rate": "1e-6"}).endswith("stands without quotes")
    assert "valid integer" in message(update={"steps": 5.0})
    # Truth values where text is meant, such as the country code of Norway.
    assert "attributes.name: input should be a valid string (found False): YAML" in message(
        name=False
    )


def test_a_whole_number_is_a_number() -> None:
    found = validate(Experiment, {"name": "x", "update": {"learning_rate": 1}}, source="x")
    assert found.update.learning_rate == 1.0


def test_lines_stand_beside_what_was_found() -> None:
    lines = {("name",): 3, ("update", "zzz"): 5, ("arms", 0, "weighting", "type"): 7}

    def said(data: object) -> str:
        with pytest.raises(ConfigError) as error:
            validate(Experiment, data, source="x", line_of=lambda place: lines.get(tuple(place)))
        return str(error.value)

    assert said({"name": 1}) == "x: name: input should be a valid string (line 3, found 1)"
    assert "unknown key (line 5, found 1); valid keys" in said({"name": "x", "update": {"zzz": 1}})
    arms = [{"weighting": {"type": "rlds"}}]
    assert said({"name": "x", "arms": arms}).endswith(
        "unknown type 'rlds' (line 7); did you mean 'rlsd'?"
    )
    assert said({}) == "x: name: required, but missing (line 3)"
