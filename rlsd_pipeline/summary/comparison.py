"""All methods on the same tokens, as the report shows them."""

import math
from collections.abc import Sequence

from rlsd_pipeline.report import data
from rlsd_pipeline.stages.comparison.lookahead import read_lookahead
from rlsd_pipeline.stages.run import StageRun
from rlsd_pipeline.summary.table import difference
from schemas import GradientComparison, MethodCredit, WeightingComparison


def comparison(run: StageRun) -> data.Comparison | None:
    """The comparison of one iteration, with gradients and lookahead where they were computed."""
    store = run.workspace.store
    artifact = store.ref(run.reference("weighting_comparison"))
    if artifact is None:
        return None
    found = artifact.record(WeightingComparison)
    measured = store.ref(run.reference("gradient_comparison"))
    gradients = None if measured is None else measured.record(GradientComparison)
    names = [method.method for method in found.methods]
    if gradients is not None:
        names += [name for name in gradients.methods if name not in names]
    benchmark = run.experiment.evaluation.benchmarks[0]
    return data.Comparison(
        methods=tuple(names),
        rollouts=found.rollouts,
        tokens=found.tokens,
        credit={method.method: _credit(method, found) for method in found.methods},
        rank_correlation=_spread([m.method for m in found.methods], found.rank_correlation, names),
        rank_correlation_within=_spread(
            [m.method for m in found.methods], found.rank_correlation_within, names
        ),
        gradient_norms=None
        if gradients is None
        else dict(zip(gradients.methods, gradients.norms, strict=True)),
        gradient_cosine=None
        if gradients is None
        else _spread(gradients.methods, gradients.cosines, names),
        lookahead=tuple(
            data.Lookahead(
                method=line.method,
                score=data.Estimate(**line.score._asdict()),
                difference=None
                if line.difference is None
                else difference(line.difference.paired, line.difference.p_corrected),
            )
            for line in read_lookahead(run, benchmark)
        ),
        lookahead_meaning=f"One update by each method from the policy of {run.arm.name} after "
        f"{run.iteration} updates, on the same rollouts, evaluated on {benchmark.name}; intervals "
        "and paired tests over its questions. p (Holm) is corrected for the number of methods, the "
        "intervals are not.",
        baseline=run.experiment.compared_with,
        meaning=_meaning(run, found),
    )


def _meaning(run: StageRun, found: WeightingComparison) -> str:
    teacher = "no teacher scored them"
    if found.teacher is not None:
        teacher = f"the teacher was shown: {found.privileged}"
    left_out = ""
    if found.left_out:
        left_out = f" Left out, for want of a teacher's table: {', '.join(found.left_out)}."
    shares = ", ".join(f"{name} {share:.0%}" for name, share in found.token_shares.items())
    return (
        f"Rollouts of {run.arm.name}, iteration {run.iteration}; {teacher}. "
        f"{found.signal_tokens:,} of {found.tokens:,} tokens belong to responses whose advantage "
        f"is not 0. Tokens: {shares}. A divergence's credit is its weight times Δ, the "
        f"likelihood's its weight.{left_out}"
    )


def _credit(method: MethodCredit, found: WeightingComparison) -> data.CreditSummary:
    agreement, shares = method.sign_agreement, method.segments
    return data.CreditSummary(
        quantiles=data.Quantiles(**method.quantiles),
        **{name: shares[name].value if shares else 0.0 for name in found.token_shares},
        tokens_with_signal=round(method.credited * found.tokens),
        sign_agreement=None if agreement is None else agreement.value,
        clip_fraction=method.cut,
    )


def _spread(
    known: Sequence[str], matrix: Sequence[Sequence[float | None]], names: Sequence[str]
) -> tuple[tuple[float, ...], ...]:
    """A matrix over `known` methods as one over `names`; nan where there is nothing."""
    places = {name: place for place, name in enumerate(known)}

    def cell(row: str, column: str) -> float:
        value = None
        if row in places and column in places:
            value = matrix[places[row]][places[column]]
        return math.nan if value is None else value

    return tuple(tuple(cell(row, column) for column in names) for row in names)
