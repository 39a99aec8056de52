"""`rlsd compare`: all methods on the rollouts of one iteration."""

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from assets.cli.agreement import agreement_table, rank_tables
from assets.cli.fidelity_tables import fidelity_tables
from assets.cli.fitted import show
from assets.cli.progress import Display, say
from assets.cli.train import open_loop
from rlsd_pipeline.exports.pairs import pairs_table
from rlsd_pipeline.exports.written import require_export, write_table
from rlsd_pipeline.imports.lines import import_lines
from rlsd_pipeline.imports.stages import RolloutsImport
from rlsd_pipeline.imports.summary import sampler_note
from rlsd_pipeline.report.collected.comparison import signal_meaning
from rlsd_pipeline.stages.comparison.gradient_comparison import GradientComparisonStage
from rlsd_pipeline.stages.comparison.lookahead_table import LookaheadStage
from rlsd_pipeline.stages.comparison.more_columns import make_columns
from rlsd_pipeline.stages.comparison.token_values import TokenValuesStage
from rlsd_pipeline.stages.comparison.weighting_comparison import WeightingComparisonStage
from rlsd_pipeline.stages.iteration.rollouts import RolloutsStage
from rlsd_pipeline.stages.stage import Stage
from rlsd_pipeline.stages.workspace import StageRun
from rlsd_pipeline.statistics.intervals import FEW_PROBLEMS, UNBOUNDED_REASON
from rlsd_pipeline.tables.credit import credit_columns, lookahead_columns, signal_columns
from rlsd_pipeline.tables.table import Table, table_of_cells, value_at
from schemas import (
    GradientComparison,
    GradientSignal,
    Lookahead,
    MethodCredit,
    WeightingComparison,
)


def compare(
    experiment: str,
    arm: str,
    iteration: int,
    *,
    prompts: int | None,
    gradients: bool,
    lookahead: bool,
    columns: bool,
    pairs: Path | None,
) -> None:
    """Compare from cached tables; with options, from the policy as well.

    Args:
        experiment: Name or YAML file.
        arm: Arm of the rollouts.
        iteration: Iteration of the rollouts.
        prompts: Size of a larger batch of problems for the same policy; None takes the iteration's
            own.
        gradients: Add the gradients of the losses.
        lookahead: Add one update by each method.
        columns: Score first what the methods read and the arm did not compute.
        pairs: File for the correlations and cosines of all pairs of methods.
    """
    tables: list[Table | str] = []
    with open_loop(experiment) as (loop, display):
        if pairs is not None:
            require_export(pairs)
        run = loop.workspace.at(arm, iteration)
        measure: Callable[[type[Stage]], object] = partial(
            loop.measure, arm=arm, iteration=iteration
        )
        if prompts:
            # No partition of the arm holds it.
            run = valued_batch(run, prompts, display, columns=columns)
            measure = run.make
        else:
            compared = loop.compare_with_columns if columns else loop.compare
            compared(arm, iteration)
        comparison = run.read(WeightingComparisonStage.name).record(WeightingComparison)
        tables += fidelity_tables(run, comparison)
        tables.append(_credit_table(run, comparison))
        tables += rank_tables(comparison)
        if gradients:
            measure(GradientComparisonStage)
            tables += _gradient_tables(run)
        if lookahead:
            measure(LookaheadStage)
            tables.append(_lookahead_table(run))
        if pairs is not None:
            found = _gradients(run) if gradients else None
            write_table(pairs_table(comparison, found), pairs)
    if isinstance(run.stage(RolloutsStage), RolloutsImport):
        say(*import_lines(run))
    left_out: dict[str, list[str]] = {}
    for name, why in comparison.left_out.items():
        left_out.setdefault(why, []).append(name)
    show(*tables, *(f"left out: {'; '.join(names)}: {why}" for why, names in left_out.items()))


def valued_batch(
    run: StageRun, prompts: int, display: Display, *, columns: bool = False
) -> StageRun:
    """A larger batch for the same policy, valued and compared."""
    from rlsd_pipeline.stages.comparison.larger_batch import make_batch

    batch = make_batch(run, prompts)
    display.say(str(batch.stage(TokenValuesStage).cost(batch)))
    batch.make(TokenValuesStage)
    if columns:
        make_columns(batch)
    batch.make(WeightingComparisonStage)
    return batch


def _credit_table(run: StageRun, comparison: WeightingComparison) -> Table:
    teacher = (comparison.teacher or "none")[:12]
    imported = sampler_note(run) if comparison.policy == "imported" else None
    policy = comparison.policy[:12] + (f" ({imported})" if imported else "")
    shares = ", ".join(f"{name} {share:.0%}" for name, share in comparison.token_shares.items())
    title = (
        f"{run.workspace.name}, {run.arm.name}, iteration {run.iteration}: credit of "
        f"{comparison.tokens:,} tokens of {comparison.rollouts} responses"
    )
    notes = [
        "reasoning, answer, format: share of the absolute credit; sign: share of the signal tokens "
        "whose credit has their advantage's sign; cut: share whose weight was clipped.",
        f"Intervals are over problems; {FEW_PROBLEMS}; {UNBOUNDED_REASON}.",
        f"Tokens: {shares}.",
        f"policy {policy}, teacher {teacher} (privileged: {comparison.privileged or 'nothing'})",
        *filter(None, map(_selection, comparison.methods)),
    ]
    columns = credit_columns(comparison.token_shares)
    return Table(title, columns, comparison.methods, notes)


def _selection(method: MethodCredit) -> str:
    """What a threshold on small differences selects, and what of it is rounding."""
    if method.selected is None:
        return ""
    if not method.selected:
        return f"{method.method} selects no token."
    said = f"{method.method} selects {method.selected:.1%} of the tokens by a small difference"
    if method.selected_by_rounding is None:
        return f"{said}; how many rounding would select is not known."
    return f"{said}; rounding alone would select {method.selected_by_rounding:.1%} of that number."


def _gradients(run: StageRun) -> GradientComparison:
    return run.read(GradientComparisonStage.name).record(GradientComparison)


def _gradient_tables(run: StageRun) -> Iterable[Table]:
    found = _gradients(run)
    rows = list(zip(found.methods, found.norms, strict=True))
    norms = table_of_cells(
        "norm of each method's gradient, before clipping", ["method", "norm"], rows, form=".3g"
    )
    title = "cosine between gradients"
    tables = [norms, agreement_table(title, found.methods, found.cosines, "the gradient is 0")]
    return tables if found.signal is None else [_signal_table(run, found.signal), *tables]


def _signal_table(run: StageRun, found: GradientSignal) -> Table:
    title = f"signal of one batch's gradient: {found.problems} problems, {found.rollouts} rollouts"
    columns = signal_columns(f"rollouts for {found.compared_with}'s share")
    return Table(title, columns, found.methods, [signal_meaning(run, found)])


def _lookahead_table(run: StageRun) -> Table:
    found = run.read(LookaheadStage.name).record(Lookahead)
    compared = found.compared_with
    notes = [
        "gain: paired difference to the policy before the update, over questions; intervals are "
        "not corrected;",
        f"p (Holm): of the difference to {compared}, corrected for the number of methods",
    ]
    title = f"after one update by each method, on {found.benchmark}"
    columns = lookahead_columns(f"- {compared}")
    columns[3] = columns[3]._replace(value=value_at("difference", "value"))
    return Table(title, columns, found.methods, notes)
