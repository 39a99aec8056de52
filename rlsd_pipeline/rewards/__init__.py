"""The reward of a response: R = Σ weight · part, each part one short file.

    accuracy.py    the verifier's verdict
    format.py      whether the response has the requested format
    overlong.py    a penalty near the length limit, as in DAPO
    repetition.py  a penalty for repeated n-grams
    language.py    the share of the response in a given script

    reward_function.py  the base class of a part
    usual.py            accuracy and format, as two weights
    parts.py            the parts of every response, and their sum

A file here that holds a `RewardFunction` is a part that experiments can declare. A user's own,
beside the YAML or in a package, has the same form.
"""

from typing import TYPE_CHECKING, TypeAlias

from rlsd_pipeline.components.built_in import built_in
from rlsd_pipeline.components.one_of import one_of
from rlsd_pipeline.rewards.reward_function import RewardFunction

REWARD_FUNCTIONS = built_in(__name__, __path__, RewardFunction)
"""Every built-in part, by the name of its file."""

if TYPE_CHECKING:
    RewardFunctionConfig: TypeAlias = RewardFunction
else:
    RewardFunctionConfig = one_of(RewardFunction, REWARD_FUNCTIONS)
