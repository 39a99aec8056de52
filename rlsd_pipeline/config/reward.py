"""The declared reward: a list of parts, or the weights of accuracy and format."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SerializationInfo,
    SerializerFunctionWrapHandler,
    WrapSerializer,
)

from rlsd_pipeline.components.component import is_identity
from rlsd_pipeline.config.strict import nearest
from rlsd_pipeline.rewards import RewardFunctionConfig
from rlsd_pipeline.rewards.reward_function import RewardFunction
from rlsd_pipeline.rewards.usual import RewardWeights, weights_alone


def _listed(declared: Any) -> Any:
    if not isinstance(declared, Mapping):
        return declared
    for key in declared.keys() - RewardWeights.model_fields.keys():
        hint = nearest(str(key), RewardWeights.model_fields, "keys")
        raise ValueError(f"unknown key {key!r}; {hint}; parts are a list, `[{{type: ...}}]`")
    return RewardWeights.model_validate(declared).parts


def _rewarding(parts: list[RewardFunction]) -> list[RewardFunction]:
    if not any(part.weight for part in parts):
        raise ValueError("the weights of all parts are 0: nothing is rewarded")
    labels = [part.label for part in parts]
    for label in labels:
        if labels.count(label) > 1:
            raise ValueError(f"two parts are called {label!r}: give one of them another `name`")
    return parts


def _dumped(parts: Any, handler: SerializerFunctionWrapHandler, info: SerializationInfo) -> Any:
    plain = weights_alone(parts) if is_identity(info) else None
    return handler(parts) if plain is None else plain


if TYPE_CHECKING:
    RewardConfig: TypeAlias = list[RewardFunction]
else:
    RewardConfig = Annotated[
        list[RewardFunctionConfig],
        Field(min_length=1),
        AfterValidator(_rewarding),
        BeforeValidator(_listed, json_schema_input_type=RewardWeights | list[RewardFunctionConfig]),
        WrapSerializer(_dumped),
    ]
