"""Verifiers: they decide whether a response is right, for the reward and the benchmarks alike.

    exact.py            the same words
    multiple_choice.py  the same choice
    math.py             the same answer, by the rule of its kind
    mixed.py            by choice where a problem has choices, by kind where it has none

    verifier.py         the base class of verifiers
    extractions/        find the answer in a response
    kinds/              the kinds of answers, each with its rule of equality
    algebra/            equality of expressions, in a process that may be killed
    golds.py            counts and checks gold answers
    groups.py           groups on which a verifier failed

An experiment can declare every `Verifier` in a file here. A verifier of a user's own, beside the
YAML or in a package, has the same form.
"""

from typing import TYPE_CHECKING, TypeAlias

from rlsd_pipeline.components.built_in import built_in
from rlsd_pipeline.components.one_of import one_of
from rlsd_pipeline.verifiers.verifier import Verifier

VERIFIERS = built_in(__name__, __path__, Verifier)
"""Every built-in verifier, by the name of its file."""

if TYPE_CHECKING:
    VerifierConfig: TypeAlias = Verifier
else:
    VerifierConfig = one_of(Verifier, VERIFIERS)
