"""`rlsd power`: the numbers of seeds and questions that show a difference of a given size."""

import math
from collections.abc import Callable, Iterator
from functools import partial
from operator import attrgetter, itemgetter
from typing import NamedTuple

from assets.cli.fitted import show
from assets.cli.train import open_loop
from rlsd_pipeline.errors import ConfigError
from rlsd_pipeline.stages.evaluation.pilots import Pilot, read_pilots
from rlsd_pipeline.statistics.seed_power import MOST_SEEDS, detectable_effect, seeds_needed
from rlsd_pipeline.statistics.seed_spread import Spread
from rlsd_pipeline.tables.table import Cell, Column, Table, text

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

    def detectable(self, spread: Spread) -> float:
        """The difference that the present seeds show; nan for an unknown spread."""
        return self._effect(spread) * spread.sd

    def seeds(self, spread: Spread, sd: float) -> str | None:
        """Pairs that show it at this standard deviation; None for an unknown spread."""
        if math.isnan(spread.sd):
            return None
        found = seeds_needed(self.difference / sd, self.probability, self.level)
        return f"> {MOST_SEEDS:,}" if found is None else f"{found:,}"

    def questions(self, spread: Spread) -> int | None:
        """Number of questions at which the present seeds show it; None if no number does."""
        if spread.of_questions is None:
            return None
        return spread.questions_for(self.difference / self._effect(spread))

    def _effect(self, spread: Spread) -> float:
        if math.isnan(spread.sd):
            return math.nan
        return detectable_effect(spread.seeds, self.probability, self.level)


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
    title = (
        f"{pilot.quantity}{of}: what shows a difference of {asked.difference:g} with "
        f"probability {asked.probability:g} at level {asked.level:.2g}"
    )
    corrected = asked._replace(level=asked.level / len(pilot.methods))
    columns = [
        _column(f"minus {compared}", attrgetter("value"), "+.3f"),
        _column("sd", attrgetter("sd")),
        _column("seeds here", attrgetter("seeds"), "d"),
        _column("detectable", asked.detectable),
        _column("seeds", lambda one: asked.seeds(one, one.sd)),
        _column("at most", lambda one: asked.seeds(one, one.sd_high)),
    ]
    if len(pilot.methods) > 1:
        columns.append(_column("Holm", lambda one: corrected.seeds(one, one.sd)))
    if questions:
        columns.append(_column("of questions", attrgetter("of_questions"), ".2f"))
        columns += [_column(f"{times} ×", partial(_with_more, asked, times)) for times in _MORE]
        columns.append(_column("questions", asked.questions, ",d"))
    notes = [*_notes(pilot), *meaning]
    return Table(
        title, [Column("method", itemgetter(0)), *columns], [*pilot.methods.items()], notes
    )


def _column(head: str, value: Callable[[Spread], Cell], form: str = ".3f") -> Column:
    """A column of the spreads of methods, whose rows are pairs of name and spread."""
    return Column(head, lambda row: value(row[1]), form)


def _with_more(asked: Asked, times: int, spread: Spread) -> str | None:
    """The seeds that it takes with a multiple of the questions; None if their part is unknown."""
    known = spread.of_questions is not None
    return asked.seeds(spread, spread.sd * spread.factor(times)) if known else None


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
