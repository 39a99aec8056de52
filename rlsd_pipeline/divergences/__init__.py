"""Divergences between teacher and student at a token, one a file.

    forward_kl.py   the student learns to cover the teacher's distribution
    reverse_kl.py   the student learns to stay within the teacher's distribution
    jsd.py          both distributions against their mixture
    sampled.py      reverse KL from the sampled token alone, as a policy gradient

    divergence.py   the base classes

A divergence of a user's own, beside the YAML or in a package, has the same form.
"""

from typing import TYPE_CHECKING, TypeAlias

from rlsd_pipeline.components.built_in import built_in
from rlsd_pipeline.components.one_of import one_of
from rlsd_pipeline.divergences.divergence import Divergence

DIVERGENCES = built_in(__name__, __path__, Divergence)
"""Every built-in divergence, by the name of its file."""

if TYPE_CHECKING:
    DivergenceConfig: TypeAlias = Divergence
else:
    DivergenceConfig = one_of(Divergence, DIVERGENCES)
