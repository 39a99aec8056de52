"""`rlsd power`: the numbers of seeds and questions that show a difference of a given size."""

import math
from collections.abc import Iterator
from typing import NamedTuple

from assets.cli.fitted import show
from assets.cli.train import open_loop
from rlsd_pipeline.errors import ConfigError
from rlsd_pipeline.stages.evaluation.pilots import Pilot, read_pilots
from rlsd_pipeline.statistics.seed_power import MOST_SEEDS, detectable_effect, seeds_needed
from rlsd_pipeline.statistics.seed_spread import Spread
from rlsd_pipeline.tables.table import Cell, Table, table_of_cells, text

_MORE = (2, 4)
"""Times the questions that the table looks ahead to."""

MEANING = (
    "seeds: pairs needed in all for the measured spread, by the power of the paired t-test; at "
    "most: the same for the upper end of the spread's interval (chi-square for normal differences: "
    "too low if some trainings collapse, docs/coverage.md); Holm: the same at this level over the "
    "number of methods in the table, which Holm's correction asks of the smallest p; detectable: "
    "the difference that the present seeds show. Of questions: share of the variance that falls "
    "with more questions, or more samples a question (F interval); 2 × and 4 ×: seeds needed with "
    "that many times the questions; questions: number needed with the present seeds, - if no "
    "number suffices. The test is about trainings, on these questions."
)
ONE_SEED = (
    "One seed does not show how trainings differ, so no number of seeds follows from it. Declare "
    "more (`seeds: [0, 1, 2, 3]` in the arms), train them, and ask again."
)
OVER_QUESTIONS = (
    " Over new questions, the difference of the one pair of trainings has a standard error of: {}."
)
EQUAL_SEEDS = "The seeds of {} all have the same difference: their spread is not known."


class Asked(NamedTuple):
    """The difference to show.

    Attributes:
        difference: True difference, above 0.
        probability: Probability with which it is to be shown.
        level: Level of the test.
    """

    difference: float
    probability: float
    level: float


def power(experiment: str, *, difference: float, benchmark: str | None, probability: float) -> None:
    """Print a table a quantity.

    Args:
        experiment: Name or YAML file.
        difference: The true difference that is to be shown.
        benchmark: Only this one, without the training reward.
        probability: Probability with which it is to be shown.
    """
    with open_loop(experiment) as (loop, _):
        if difference >= 1:
            raise ConfigError(
                f"--difference {difference:g}: accuracy is a share, and two points of it are 0.02"
            )
        workspace = loop.workspace
        pilots = read_pilots(workspace, benchmark)
        compared = workspace.experiment.compared_with
        level = 1 - workspace.experiment.evaluation.confidence
    asked = Asked(difference, probability, level)
    for place, pilot in enumerate(pilots, start=1):
        meaning = [MEANING] if place == len(pilots) else []
        show(power_table(pilot, asked, compared, meaning))


def power_table(pilot: Pilot, asked: Asked, compared: str, meaning: list[str]) -> Table:
    """A line a method.

    Args:
        pilot: The quantity.
        asked: What is to be shown.
        compared: The method that the others are compared with.
        meaning: What stands below the table.
    """
    questions = max(one.questions for one in pilot.methods.values())
    of = f" ({questions:,} questions)" if questions else ""
    several = len(pilot.methods) > 1
    more = [f"{times} ×" for times in _MORE] if questions else []
    columns = [
        *("method", f"minus {compared}", "sd", "seeds here", "detectable", "seeds", "at most"),
        *(["Holm"] if several else []),
        *(["of questions", *more, "questions"] if questions else []),
    ]
    title = (
        f"{pilot.quantity}{of}: what shows a difference of {asked.difference:g} with "
        f"probability {asked.probability:g} at level {asked.level:.2g}"
    )
    rows: list[list[Cell]] = []
    for method, spread in pilot.methods.items():
        cells: list[Cell] = [method, f"{spread.value:+.3f}", text(spread.sd), spread.seeds]
        cells += _seeds(spread, asked)
        if several:
            corrected = asked._replace(level=asked.level / len(pilot.methods))
            cells.append(_needed(spread.sd, corrected))
        if questions:
            cells += _questions(spread, asked)
        rows.append(cells)
    return table_of_cells(title, columns, rows, [*_notes(pilot), *meaning])


def _seeds(spread: Spread, asked: Asked) -> Iterator[str]:
    """Detectable difference, seeds, and seeds at the upper end of the spread."""
    if math.isnan(spread.sd):
        yield from ("-", "-", "-")
        return
    effect = detectable_effect(spread.seeds, asked.probability, asked.level)
    yield f"{effect * spread.sd:.3f}"
    yield _needed(spread.sd, asked)
    yield _needed(spread.sd_high, asked)


def _questions(spread: Spread, asked: Asked) -> Iterator[str]:
    share = spread.of_questions
    if share is None:
        yield from ("-",) * (len(_MORE) + 2)
        return
    yield text(share, ".2f")
    for times in _MORE:
        yield _needed(spread.sd * spread.factor(times), asked)
    effect = detectable_effect(spread.seeds, asked.probability, asked.level)
    needed = spread.questions_for(asked.difference / effect)
    yield "-" if needed is None else f"{needed:,}"


def _needed(sd: float, asked: Asked) -> str:
    if math.isnan(sd):
        return "-"
    found = seeds_needed(asked.difference / sd, asked.probability, asked.level)
    return f"> {MOST_SEEDS:,}" if found is None else f"{found:,}"


def _notes(pilot: Pilot) -> Iterator[str]:
    """Why a line has no numbers, and what would give them."""
    single = {name: one for name, one in pilot.methods.items() if one.seeds == 1}
    errors = {name: text(one.question_error) for name, one in single.items()}
    known = [f"{name} {error}" for name, error in errors.items() if error != "-"]
    if single:
        yield ONE_SEED + (OVER_QUESTIONS.format(", ".join(known)) if known else "")
    equal = [name for name, one in pilot.methods.items() if one.seeds > 1 and math.isnan(one.sd)]
    if equal:
        yield EQUAL_SEEDS.format(", ".join(equal))
