"""The methods: each is one short file that turns what is known of a token into its credit.

    grpo.py           every token carries its response's advantage
    rlsd.py           the reward sets a token's direction, the privileged teacher its magnitude
    rlsd_adaptive.py  RLSD whose λ and ε_w follow the evidence
    opsd.py           the student is drawn to a teacher that sees the reference
    opd.py            the same to another model that sees no reference
    sdpo.py           the same to a teacher that sees a successful sibling
    grpo_opsd.py      GRPO and OPSD, added
    sft.py            the likelihood of correct responses

    method.py         what a method reads, declares and ends in

A file here that holds a `Weighting` is a method that experiments can declare: nothing else has to
be told. The update sums the streams and does not know which method made them.
"""

import inspect
import pkgutil
from functools import reduce
from importlib import import_module
from operator import or_
from typing import TYPE_CHECKING, Annotated, TypeAlias

from pydantic import Field

from rlsd_pipeline.weighting.method import Weighting


def _methods() -> tuple[type[Weighting], ...]:
    found: list[type[Weighting]] = []
    for name in sorted(module.name for module in pkgutil.iter_modules(__path__)):
        module = import_module(f"{__name__}.{name}")
        found += [
            member
            for member in vars(module).values()
            if inspect.isclass(member)
            and issubclass(member, Weighting)
            and member.__module__ == module.__name__
            and not inspect.isabstract(member)
        ]
    return tuple(found)


METHODS = _methods()
"""Every method, by the name of its file."""

if TYPE_CHECKING:
    WeightingConfig: TypeAlias = Weighting
else:
    WeightingConfig = Annotated[reduce(or_, METHODS), Field(discriminator="type")]
