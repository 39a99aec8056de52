"""`rlsd compare`: all methods on the rollouts of one iteration."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial

from rich.markup import escape
from rich.table import Table

from assets.cli.progress import Display, console
from assets.cli.train import open_loop
from assets.stages.cells import difference, interval, number
from rlsd_pipeline.evaluation.intervals import UNBOUNDED_REASON
from rlsd_pipeline.imports.summary import sampler_note
from rlsd_pipeline.stages.comparison.gradient_comparison import GradientComparisonStage
from rlsd_pipeline.stages.comparison.lookahead_table import LookaheadStage
from rlsd_pipeline.stages.comparison.token_values import TokenValuesStage
from rlsd_pipeline.stages.comparison.unscored import is_unscored
from rlsd_pipeline.stages.comparison.weighting_comparison import WeightingComparisonStage
from rlsd_pipeline.stages.run import StageRun
from rlsd_pipeline.stages.stage import Stage
from rlsd_pipeline.summary.comparison import signal_meaning, values_command
from schemas import (
    GradientComparison,
    GradientSignal,
    Interval,
    Lookahead,
    MethodFidelity,
    WeightingComparison,
)

SEGMENT_NAMES = ("reasoning", "answer", "format")
_MATRIX_CELL = len("-0.00")


def compare(
    experiment: str,
    arm: str,
    iteration: int,
    *,
    prompts: int | None,
    gradients: bool,
    lookahead: bool,
) -> None:
    """Compare from cached tables; with options, from the policy as well.

    Args:
        experiment: Name or YAML file.
        arm: Whose rollouts.
        iteration: Which of them.
        prompts: A batch of so many problems before the same policy; None: the iteration's own.
        gradients: Add the gradients of the losses.
        lookahead: Add one update by each method.
    """
    tables: list[Table | str] = []
    with open_loop(experiment) as (loop, display):
        run = loop.workspace.at(arm, iteration)
        measure: Callable[[type[Stage]], object] = partial(
            loop.measure, arm=arm, iteration=iteration
        )
        if prompts:
            # No partition of the arm holds it.
            run = valued_batch(run, prompts, display)
            measure = run.make
        else:
            loop.compare(arm, iteration)
        comparison = run.read(WeightingComparisonStage.name).record(WeightingComparison)
        tables.append(fidelity_table(run, comparison))
        tables.append(_credit_table(run, comparison))
        names = [method.method for method in comparison.methods]
        title = "rank correlation of credit between methods (Spearman, all tokens)"
        tables += _matrix(title, names, comparison.rank_correlation)
        title = "the same within responses: who agrees on which tokens count"
        tables += _matrix(title, names, comparison.rank_correlation_within)
        if gradients:
            measure(GradientComparisonStage)
            tables += _gradient_tables(run)
        if lookahead:
            measure(LookaheadStage)
            tables.append(_lookahead_table(run))
    output = console()
    for table in tables:
        output.print(table)
    for why, names in _by_reason(comparison.left_out).items():
        output.print(f"left out: {'; '.join(names)}: {why}", highlight=False, markup=False)


def _by_reason(left_out: Mapping[str, str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, why in left_out.items():
        found.setdefault(why, []).append(name)
    return found


def valued_batch(run: StageRun, prompts: int, display: Display) -> StageRun:
    """A batch of so many problems before the policy of a place, valued and compared."""
    from rlsd_pipeline.stages.comparison.larger_batch import make_batch

    batch = make_batch(run, prompts)
    display.say(str(batch.stage(TokenValuesStage).cost(batch)))
    batch.make(TokenValuesStage)
    batch.make(WeightingComparisonStage)
    return batch


def fidelity_table(run: StageRun, comparison: WeightingComparison) -> Table | str:
    """How near each method comes to what the tokens were worth, or how to find out."""
    found = comparison.fidelity
    if found is None:
        way = f"{values_command(run)} measures them."
        if is_unscored(run):
            way = "Measuring them takes a model that goes on from the responses."
        return (
            "Whose credit is right is not known here: no token values were made of these rollouts. "
            f"{way}"
        )
    against = f"- {found.compared_with}"
    table = Table(
        title=f"credit fidelity: {found.spans:,} tokens, {found.states:,} states, "
        f"{found.continuations} continuations each",
        caption="fidelity: cosine of the credit with the measured advantages; 1 is perfect, 0 "
        "knows nothing, and a multiple of a credit has the same.\nwithin: the same less each "
        "response's mean: which of its tokens counted. Reliability of the measurement: "
        f"{number(found.reliability, '.2f')}, within {number(found.reliability_within, '.2f')}.\n"
        f"Intervals are over problems; p is corrected for the number of methods (Holm); "
        f"{UNBOUNDED_REASON}.",
    )
    table.add_column("method")
    for name in ("fidelity", against, "p (Holm)", "within", *SEGMENT_NAMES):
        table.add_column(name, justify="right")
    blanks = [""] * (2 + len(SEGMENT_NAMES))
    table.add_row("true advantage (oracle)", "1", "", *blanks)
    for method in sorted(found.methods, key=_by_fidelity, reverse=True):
        table.add_row(
            method.method,
            _interval(method.value),
            _interval(method.difference, "+.3f"),
            "-" if method.p_corrected is None else f"{method.p_corrected:.2g}",
            _interval(method.within),
            *(_value(method.segments.get(name)) for name in SEGMENT_NAMES),
        )
    table.add_row("random credit", "0", "", *blanks)
    return _uncut(table)


def _by_fidelity(method: MethodFidelity) -> float:
    return -2.0 if method.value is None else method.value.value


def _value(interval: Interval | None) -> str:
    return "-" if interval is None else f"{interval.value:.2f}"


def _credit_table(run: StageRun, comparison: WeightingComparison) -> Table:
    teacher = (comparison.teacher or "none")[:12]
    imported = sampler_note(run) if comparison.policy == "imported" else None
    policy = comparison.policy[:12] + (f" ({imported})" if imported else "")
    shares = ", ".join(f"{name} {share:.0%}" for name, share in comparison.token_shares.items())
    table = Table(
        title=f"{run.workspace.name}, {run.arm.name}, iteration {run.iteration}: credit of "
        f"{comparison.tokens:,} tokens of {comparison.rollouts} responses",
        caption=f"policy {policy}, teacher {teacher} "
        f"(privileged: {comparison.privileged or 'nothing'}). Tokens: {shares}.\n"
        "reasoning, answer, format: share of the absolute credit; sign: signal tokens whose credit "
        "has their reward's sign;\ncut: signal tokens whose weight a bound changed. Intervals are "
        f"over problems; {UNBOUNDED_REASON}.",
    )
    table.add_column("method")
    for name in ("p05", "p50", "p95", "reasoning", "answer", "format", "sign", "cut"):
        table.add_column(name, justify="right")
    for method in comparison.methods:
        table.add_row(
            method.method,
            *(f"{method.quantiles[name]:+.3f}" for name in ("p05", "p50", "p95")),
            *(_interval(method.segments.get(part)) for part in comparison.token_shares),
            _interval(method.sign_agreement),
            "-" if method.cut is None else f"{method.cut:.2f}",
        )
    return _uncut(table)


def _gradient_tables(run: StageRun) -> Iterable[Table]:
    found = run.read(GradientComparisonStage.name).record(GradientComparison)
    table = Table(title="norm of each method's gradient, before clipping")
    table.add_column("method")
    table.add_column("norm", justify="right")
    for name, norm in zip(found.methods, found.norms, strict=True):
        table.add_row(name, f"{norm:.4g}")
    tables = [table, *_matrix("cosine between gradients", found.methods, found.cosines)]
    return tables if found.signal is None else [_signal_table(run, found.signal), *tables]


def _signal_table(run: StageRun, found: GradientSignal) -> Table:
    title = f"signal of one batch's gradient: {found.problems} problems, {found.rollouts} rollouts"
    table = Table(title=title, caption=escape(signal_meaning(run, found)))
    table.add_column("method")
    needed = f"rollouts for {found.compared_with}'s share"
    for name in ("cosine with true", "signal share", "prompts for a half", needed):
        table.add_column(name, justify="right")
    for one in found.methods:
        numbers = (one.prompts_needed, one.rollouts_needed)
        counts = ("-" if number is None else f"{number:,.0f}" for number in numbers)
        table.add_row(one.method, _interval(one.cosine), _interval(one.share), *counts)
    return _uncut(table)


def _lookahead_table(run: StageRun) -> Table:
    found = run.read(LookaheadStage.name).record(Lookahead)
    compared = found.compared_with
    table = Table(
        title=f"after one update by each method, on {found.benchmark}",
        caption="gain: paired difference to the policy before the update, over questions; "
        "intervals are not corrected;\n"
        f"p (Holm): of the difference to {compared}, corrected for the number of methods",
    )
    for name in ("method", "accuracy", "gain", f"- {compared}", "p (Holm)", "test"):
        table.add_column(name, justify="left" if name == "method" else "right")
    for line in found.methods:
        other = line.difference
        table.add_row(
            line.method,
            _interval(line.score, ".3f"),
            escape(difference(line.gain, "+.4f")),
            "-" if other is None else f"{other.value:+.4f}",
            "-" if other is None else number(other.p_corrected, ".2g"),
            "-" if other is None else other.test,
        )
    return _uncut(table)


def _matrix(title: str, names: list[str], values: list[list[float | None]]) -> list[Table]:
    """A table of every two methods; several, some columns each, where one is too wide."""
    labels = [f"{place} {name}" for place, name in enumerate(names, start=1)]
    room = console().width - max(map(len, labels)) - 2
    columns = max(room // (_MATRIX_CELL + 1), 1)
    tables = []
    for first in range(0, len(names), columns):
        places = range(first, min(first + columns, len(names)))
        table = Table(title=title if first == 0 else f"{title}, continued", padding=0)
        table.add_column("", no_wrap=True)
        for place in places:
            table.add_column(str(place + 1), justify="right", no_wrap=True)
        for label, row in zip(labels, values, strict=True):
            cells = ("-" if row[place] is None else f"{row[place]:.2f}" for place in places)
            table.add_row(label, *cells)
        tables.append(table)
    return tables


def _uncut(table: Table) -> Table:
    """The same, whose cells go on in the next line where they are too wide."""
    for column in table.columns:
        column.overflow = "fold"
    return table


def _interval(found: Interval | None, form: str = ".2f") -> str:
    return escape(interval(found, form))
