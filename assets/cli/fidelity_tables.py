"""Credit fidelity on the terminal: over all tokens, within responses, and part by part."""

from collections.abc import Sequence

from rich.markup import escape

from assets.cli.fitted import FittedTable
from assets.stages.cells import interval, number
from rlsd_pipeline.report.collected.comparison import values_command
from rlsd_pipeline.stages.comparison.unscored import is_unscored
from rlsd_pipeline.stages.workspace import StageRun
from rlsd_pipeline.statistics.intervals import UNBOUNDED_REASON
from schemas import CreditFidelity, Interval, MethodFidelity, WeightingComparison
from schemas.weighting_comparison import WITHIN


def fidelity_tables(run: StageRun, comparison: WeightingComparison) -> list[FittedTable | str]:
    """The fidelity of each method, or the command that measures it."""
    found = comparison.fidelity
    if found is None:
        way = f"{values_command(run)} measures them."
        if is_unscored(run):
            way = "Measuring them takes a model that continues the responses."
        return [
            "Credit fidelity is not known here: no token values were measured for these rollouts. "
            f"{way}"
        ]
    methods = sorted(found.methods, key=_by_fidelity, reverse=True)
    return [_fidelity_table(found, methods), _parts_table(found, methods)]


def _fidelity_table(found: CreditFidelity, methods: Sequence[MethodFidelity]) -> FittedTable:
    """Fidelity over all tokens, between the true advantage and a random credit."""
    against = f"- {found.compared_with}"
    table = FittedTable(
        f"credit fidelity: {found.spans:,} tokens, {found.states:,} states, "
        f"{found.continuations} continuations each",
        *("method", "fidelity", against, "p (Holm)"),
        *("within", f"within {against}", "p (Holm)"),
        together=3,
        note="fidelity: cosine of the credit with the true advantages; 1 is perfect, 0 is a "
        "random credit, and scaling a credit does not change it.\nwithin: fidelity after the mean "
        "over each response is subtracted. Reliability of the measurement: "
        f"{number(found.reliability, '.2f')}, within {number(found.reliability_within, '.2f')}.\n"
        "A fidelity may exceed 1, the more the less reliable the measurement is, since the size of "
        "the true advantages is itself estimated.\n"
        "Intervals are over problems; p is corrected for the number of methods (Holm), and its "
        f"floor is that of 10,000 draws; {escape(UNBOUNDED_REASON)}.\n"
        f"-: {found.compared_with} has no difference to itself, and a credit that is 0 everywhere "
        f"has no fidelity; if {found.compared_with} has none, its fidelity counts as 0.",
    )
    blanks = [""] * 5
    table.add_row("true advantage (oracle)", "1", *blanks)
    for method in methods:
        whole = (escaped_interval(method.difference, "+.3f"), number(method.p_corrected, ".2g"))
        within = (escaped_interval(method.within), *_difference(method, WITHIN))
        table.add_row(method.method, escaped_interval(method.value), *whole, *within)
    table.add_row("random credit", "0", *blanks)
    return table


def _parts_table(found: CreditFidelity, methods: Sequence[MethodFidelity]) -> FittedTable:
    """Fidelity on the tokens of each segment, and of each quarter of the responses."""
    parts = [part for part in methods[0].parts() if part != WITHIN]
    against = f"- {found.compared_with}"
    heads = [head for part in parts for head in (part, f"{part} {against}", "p (Holm)")]
    table = FittedTable(
        "credit fidelity by part of the responses",
        "method",
        *heads,
        together=3,
        note="Quarters are those of a response's tokens. p is corrected for the number of methods "
        "on each part. -: the credit is 0 on the part, or the true advantages there are not told "
        "from noise.",
    )
    for method in methods:
        values = method.parts()
        cells = [
            cell
            for part in parts
            for cell in (escaped_interval(values[part]), *_difference(method, part))
        ]
        table.add_row(method.method, *cells)
    return table


def _difference(method: MethodFidelity, part: str) -> tuple[str, str]:
    """The difference of a part to the compared method, and its p."""
    one = method.differences.get(part)
    if one is None:
        return "-", "-"
    return escaped_interval(one.difference, "+.3f"), number(one.p_corrected, ".2g")


def _by_fidelity(method: MethodFidelity) -> float:
    return -2.0 if method.value is None else method.value.value


def escaped_interval(found: Interval | None, form: str = ".2f") -> str:
    """A number with its interval, as markup."""
    return escape(interval(found, form))
