"""Credit fidelity on the terminal: over all tokens, within responses, and part by part."""

from collections.abc import Sequence

from rlsd_pipeline.report.collected.comparison import values_command
from rlsd_pipeline.stages.comparison.unscored import is_unscored
from rlsd_pipeline.stages.workspace import StageRun
from rlsd_pipeline.statistics.intervals import UNBOUNDED_REASON
from rlsd_pipeline.tables.credit import (
    METHOD,
    between_ends,
    fidelity_columns,
    measured_text,
    part_columns,
)
from rlsd_pipeline.tables.table import Table, text
from schemas import CreditFidelity, MethodFidelity, WeightingComparison
from schemas.weighting_comparison import WITHIN


def fidelity_tables(run: StageRun, comparison: WeightingComparison) -> list[Table | str]:
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
    measured = measured_text(found, comparison.tokens)
    return [_fidelity_table(found, methods, measured), _parts_table(found, methods)]


def _fidelity_table(
    found: CreditFidelity, methods: Sequence[MethodFidelity], measured: str
) -> Table:
    """Fidelity over all tokens, between the true advantage and a random credit."""
    against = f"- {found.compared_with}"
    table = Table(
        f"credit fidelity: {measured}, {found.states:,} states, "
        f"{found.continuations} continuations each",
        [*fidelity_columns(against), *part_columns(WITHIN, f"{WITHIN} {against}")],
        methods,
        [
            "fidelity: cosine of the credit with the true advantages; 1 is perfect, 0 is a random "
            "credit, and scaling a credit does not change it. A span lies between two valued "
            "states; its credit is the sum over its tokens.",
            "within: fidelity after the mean over each response is subtracted. Reliability of the "
            f"measurement: {text(found.reliability, '.2f')}, within "
            f"{text(found.reliability_within, '.2f')}.",
            "A fidelity may exceed 1, the more the less reliable the measurement is, since the "
            "size of the true advantages is itself estimated.",
            "Intervals are over problems; p is corrected for the number of methods (Holm), and its "
            f"floor is that of 10,000 draws; {UNBOUNDED_REASON}.",
            f"-: {found.compared_with} has no difference to itself, and a credit that is 0 "
            f"everywhere has no fidelity; if {found.compared_with} has none, its fidelity counts "
            "as 0.",
        ],
        together=3,
    )
    return between_ends(table, "true advantage (oracle)", "random credit", "")


def _parts_table(found: CreditFidelity, methods: Sequence[MethodFidelity]) -> Table:
    """Fidelity on the tokens of each segment, and of each quarter of the responses."""
    against = f"- {found.compared_with}"
    parts = [part for part in methods[0].parts() if part != WITHIN]
    columns = [column for part in parts for column in part_columns(part, f"{part} {against}")]
    return Table(
        "credit fidelity by part of the responses",
        [METHOD, *columns],
        methods,
        [
            "Quarters are those of a response's tokens. p is corrected for the number of methods "
            "on each part. -: the credit is 0 on the part, or the true advantages there are not "
            "told from noise."
        ],
        together=3,
    )


def _by_fidelity(method: MethodFidelity) -> float:
    return -2.0 if method.value is None else method.value.value
