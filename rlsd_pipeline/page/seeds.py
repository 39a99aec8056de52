"""The accuracy of every seed before and after training: how much a gain varies over seeds."""

from collections.abc import Iterable, Iterator
from statistics import mean, stdev

from pydantic import Field

from rlsd_pipeline.config.experiment import ExperimentConfig
from rlsd_pipeline.report.part import Count, NonEmpty, Part, Share
from rlsd_pipeline.stages.evaluation.policy_evaluation import Scores, furthest
from rlsd_pipeline.tables.documents import markdown_table
from rlsd_pipeline.tables.numbers import ABSENT
from rlsd_pipeline.tables.table import Cell, table_of_cells, text


class SeedScores(Part):
    """One benchmark, seed by seed."""

    benchmark: NonEmpty
    """Its name."""

    base: dict[Count, Share] = Field(default_factory=dict)
    """Seed -> accuracy of the policy that its trainings begin with."""

    methods: dict[str, dict[Count, Share]] = Field(default_factory=dict)
    """Method -> seed -> accuracy after the most updates that the method has."""


def seed_scores(experiment: ExperimentConfig, scores: Scores) -> tuple[SeedScores, ...]:
    """Every benchmark on which some method has two seeds or more.

    Args:
        experiment: Names the methods and their seeds.
        scores: All that are there.
    """
    return tuple(_seed_scores(experiment, scores))


def _seed_scores(experiment: ExperimentConfig, scores: Scores) -> Iterator[SeedScores]:
    for benchmark, evaluated in scores.items():
        base: dict[int, float] = {}
        methods: dict[str, dict[int, float]] = {}
        for method, arms in experiment.methods().items():
            begun = {arm.seed: evaluated[arm.name].get(0) for arm in arms}
            base |= {seed: one.accuracy.value for seed, one in begun.items() if one}
            updates, ended = furthest(arms, evaluated)
            if updates and len(ended) > 1:
                methods[method] = {seed: one.accuracy.value for seed, one in ended.items()}
        if methods:
            yield SeedScores(benchmark=benchmark, base=base, methods=methods)


def seeds_section(found: Iterable[SeedScores]) -> Iterator[str]:
    """A table a benchmark: a row a seed, and how the gain over the base varies.

    Args:
        found: From `seed_scores`.
    """
    for number, one in enumerate(found):
        if number == 0:
            yield "## By seed"
        yield f"### {one.benchmark}, by seed"
        yield _table(one)
        yield (
            "The gain is that of a seed over its own base. Its standard deviation is over seeds, "
            "and varies with the warm start where every seed has one of its own."
        )


def _table(one: SeedScores) -> str:
    seeds = sorted({seed for of in (one.base, *one.methods.values()) for seed in of})
    rows: list[list[Cell]] = [
        [str(seed), *(of.get(seed) for of in (one.base, *one.methods.values()))] for seed in seeds
    ]
    gains = [[of[s] - one.base[s] for s in of if s in one.base] for of in one.methods.values()]
    of_gains = (("mean gain", mean, "+.3f"), ("standard deviation of the gain", stdev, ".3f"))
    for name, statistic, form in of_gains:
        known = [statistic(gain) if len(gain) > 1 else None for gain in gains]
        rows.append([name, None, *(text(value, form, ABSENT) for value in known)])
    shares = [stdev(gain) / mean(gain) if _grows(gain) else None for gain in gains]
    rows.append(["the same over the mean", None, *(text(share, ".2f", ABSENT) for share in shares)])
    table = table_of_cells("", ["seed", "base", *one.methods], rows, form=".3f")
    return markdown_table(table.heads, table.texts(ABSENT))


def _grows(gain: list[float]) -> bool:
    """Whether the mean is more than what rounding leaves of 0."""
    return len(gain) > 1 and mean(gain) > 1e-9
