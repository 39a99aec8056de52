"""How far the student is from the teacher at a token: one divergence a file.

    forward_kl.py   the student is to cover what the teacher does
    reverse_kl.py   the student is to stay where the teacher goes
    jsd.py          either from a mixture of the two
    sampled.py      reverse KL from the sampled token alone, as a policy gradient

    divergence.py   what a divergence is, and what one of two distributions is

A user's own, beside the YAML or in a package, has the form of those here.
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
