"""The methods: each is one short file that computes the credit of tokens.

    grpo.py              every token carries its response's advantage
    rlsd.py              the reward sets a token's direction, the privileged teacher its magnitude
    rlsd_adaptive.py     RLSD whose λ and ε_w follow the evidence
    rlsd_ectr.py         RLSD with the evidence of a right sibling against a wrong one
    rlcsd.py             that evidence, added to the advantage
    opsd.py              distillation from a teacher that sees the reference
    opd.py               distillation from another model that sees no reference
    sdpo.py              distillation from a teacher that sees a successful sibling
    grpo_opsd.py         GRPO plus OPSD
    sdpg.py              GRPO, a small divergence to the teacher, and a pull to the base model
    sdar.py              GRPO plus a likelihood weighed by a gate on the teacher's evidence
    srpo.py              GRPO for right responses, SDPO for wrong ones
    surprisal.py         the advantage, distributed by how unlikely each token was
    entropy.py           the advantage, distributed by the policy's entropy
    entropy_selected.py  the advantage on the fifth of the tokens of highest entropy
    vppo.py              the advantage on the tokens that depend most on the image
    ktae.py              a token's presence in good and bad responses of the group
    prefix_tree.py       the change, at a token, of the mean reward of responses with this prefix
    tempo.py             the same, added to the advantage and in its scale
    optimal_token_baseline.py  the reward minus the baseline of least variance at a token's place
    constant_negative.py one credit for all tokens: a control
    sft.py               the likelihood of correct responses
    vine.py              the measured true advantage of each token: the oracle

    method.py            the base class: inputs, declarations and streams of a method

An experiment can declare every `Weighting` in a file here; no list has to be changed. A method of a
user's own, beside the YAML or in a package, has the same form. The update sums the streams and does
not know which method made them.
"""

from typing import TYPE_CHECKING, TypeAlias

from rlsd_pipeline.components.built_in import built_in
from rlsd_pipeline.components.one_of import one_of
from rlsd_pipeline.weighting.method import Weighting

METHODS = built_in(__name__, __path__, Weighting)
"""Every built-in method, by the name of its file."""

if TYPE_CHECKING:
    WeightingConfig: TypeAlias = Weighting
else:
    WeightingConfig = one_of(Weighting, METHODS)
