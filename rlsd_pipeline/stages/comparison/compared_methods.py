"""The methods of a comparison: the experiment's own, then all others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from rlsd_pipeline.advantages.centred import Centred
from rlsd_pipeline.advantages.estimator import AdvantageEstimator
from rlsd_pipeline.weighting import METHODS
from rlsd_pipeline.weighting.grpo import GRPO
from rlsd_pipeline.weighting.grpo_opsd import GRPOOPSD
from rlsd_pipeline.weighting.method import Weighting
from rlsd_pipeline.weighting.opd import OPD
from rlsd_pipeline.weighting.prefix_tree import PrefixTree
from rlsd_pipeline.weighting.rlcsd import RLCSD
from rlsd_pipeline.weighting.rlsd import RLSD
from rlsd_pipeline.weighting.rlsd_ectr import RLSDECTR
from rlsd_pipeline.weighting.sdar import SDAR
from rlsd_pipeline.weighting.sft import SFT

if TYPE_CHECKING:
    from rlsd_pipeline.stages.workspace import StageRun


_CENTRED = "grpo, centred"


def compared_methods(run: StageRun) -> dict[str, Weighting]:
    """Name -> method with its schedules resolved.

    Cached rollouts are the policy's own, so SFT learns from its correct ones; and without another
    model OPD is OPSD, so it is shown only where the experiment declares it. So is a method that
    reads token values: they may not be there.
    """
    declared = {
        name: arms[0].weighting.at_iteration(run.iteration)
        for name, arms in run.experiment.methods().items()
    }
    named: dict[str, Weighting] = {}
    for name, method in declared.items():
        named[name] = SFT(learns_from="sampled") if isinstance(method, SFT) else method
    types = {method.type for method in declared.values()}
    for method_class in METHODS:
        method = method_class.model_validate({})
        left_out = isinstance(method, OPD) or method.reads_values
        if method.type not in types and not left_out:
            own = SFT(learns_from="sampled") if isinstance(method, SFT) else method
            named[method.type] = own.at_iteration(run.iteration)
    return distinct_streams(run, named | _variants(run), kept=named)


def compared_advantages(run: StageRun, name: str) -> AdvantageEstimator:
    """The estimator of a compared method: of its arm, of the variant, or else the experiment's."""
    declared = run.experiment.methods().get(name)
    if declared:
        return declared[0].advantages
    return Centred() if name == _CENTRED else run.experiment.advantages


def _variants(run: StageRun) -> dict[str, Weighting]:
    """Forms of the methods that are worth seeing beside them, at full strength."""
    rlsd = RLSD(decay=None)
    return {
        _CENTRED: GRPO(),
        "rlsd, λ undecayed": rlsd,
        "rlsd, as printed": rlsd.model_copy(update={"formula": "as_printed"}),
        "rlsd, negative only": rlsd.model_copy(update={"responses_weighted": "negative"}),
        "rlsd, reasoning only": rlsd.model_copy(update={"tokens_weighted": "reasoning"}),
        "rlsd_ectr, λ undecayed": RLSDECTR(decay=None),
        "rlcsd, one mean": RLCSD(means="one"),
        "sdar, policy gradient": SDAR(form="policy_gradient"),
        "grpo_opsd, sampled": GRPOOPSD.model_validate({"divergence": {"type": "sampled"}}),
        "prefix_tree, branches only": PrefixTree(term="branch"),
    }


def distinct_streams(
    run: StageRun, named: Mapping[str, Weighting], kept: Mapping[str, Weighting] | None = None
) -> dict[str, Weighting]:
    """Methods that make the same of a table are shown once, under the first name.

    They may still differ in the teacher they are declared with, and so in their gradients.

    Args:
        run: Where.
        named: The methods by name.
        kept: Those of them that are shown in any case.
    """
    shown = dict(kept or {})
    credits = [(method, compared_advantages(run, name)) for name, method in shown.items()]
    for name, method in named.items():
        credit = method, compared_advantages(run, name)
        if name not in shown and credit not in credits:
            shown[name] = method
            credits.append(credit)
    return shown
