"""Estimates from an experiment's own seeds how many seeds a difference needs."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from rlsd_pipeline.config.experiment import ExperimentConfig
from rlsd_pipeline.errors import ArtifactError, ConfigError
from rlsd_pipeline.stages.evaluation.headroom import gains
from rlsd_pipeline.stages.evaluation.learning import TRAINING, by_seed, read_learning
from rlsd_pipeline.stages.evaluation.policy_evaluation import (
    PolicyEvaluation,
    furthest,
    read_scores,
)
from rlsd_pipeline.stages.workspace import Workspace
from rlsd_pipeline.statistics.seed_spread import Spread, spread_of_questions, spread_of_seeds


class Pilot(NamedTuple):
    """One quantity, and how each method's difference to the compared one varies over seeds.

    Attributes:
        quantity: Such as `accuracy: greedy`.
        methods: Method -> the spread of its paired differences.
    """

    quantity: str
    methods: Mapping[str, Spread]


def read_pilots(workspace: Workspace, benchmark: str | None = None) -> list[Pilot]:
    """The newest accuracy on each benchmark, and the areas under the learning curves.

    Args:
        workspace: The experiment.
        benchmark: Only this one, without the training reward; all unless told.

    Raises:
        ConfigError: The experiment declares no such benchmark, or a single method.
        ArtifactError: No two methods have yet been evaluated on the same seed.
    """
    experiment = workspace.experiment
    names = [each.name for each in experiment.evaluation.benchmarks]
    if benchmark is not None and benchmark not in names:
        raise ConfigError(
            f"{workspace.name} has no benchmark {benchmark!r}; it has {', '.join(names)}"
        )
    if len(experiment.methods()) < 2:
        raise ConfigError(
            f"{workspace.name} declares one method, so there is no difference to show: add an arm"
        )
    scores = read_scores(workspace, names if benchmark is None else [benchmark])
    found = [_accuracies(experiment, name, arms) for name, arms in scores.items()]
    compared, confidence = experiment.compared_with, experiment.evaluation.confidence
    for quantity, learning in read_learning(workspace, scores).items():
        if quantity == TRAINING and benchmark is not None:
            continue
        values = by_seed(learning, "area")
        differences = {name: gains(values, name, compared) for name in values if name != compared}
        spreads = {
            name: spread_of_seeds(list(of.values()), confidence)
            for name, of in differences.items()
            if of
        }
        found.append(Pilot(f"{quantity}, area", spreads))
    found = [pilot for pilot in found if pilot.methods]
    if not found:
        raise ArtifactError(
            f"no seed of {workspace.name} has been evaluated with both {compared} and another "
            f"method: `rlsd train {workspace.name}` trains and evaluates them"
        )
    return found


def _accuracies(
    experiment: ExperimentConfig, benchmark: str, arms: Mapping[str, Mapping[int, PolicyEvaluation]]
) -> Pilot:
    """The accuracies of methods with as many updates as the compared one."""
    newest = {name: furthest(of, arms) for name, of in experiment.methods().items()}
    updates, seeds = newest.pop(experiment.compared_with)
    spreads = {
        name: _spread(seeds, others, experiment.evaluation.confidence)
        for name, (at, others) in newest.items()
        if at == updates > 0 and seeds.keys() & others.keys()
    }
    return Pilot(f"accuracy: {benchmark}", spreads)


def _spread(
    first: Mapping[int, PolicyEvaluation], second: Mapping[int, PolicyEvaluation], confidence: float
) -> Spread:
    """The spread over common seeds, on the questions that all of them scored."""
    pairs = [(first[seed], second[seed]) for seed in sorted(first.keys() & second.keys())]
    questions = sorted(set.intersection(*(set(one.questions) for pair in pairs for one in pair)))
    table = [list(_differences(*pair, questions)) for pair in pairs]
    clusters = pairs[0][0].clusters
    return spread_of_questions(np.array(table), [clusters[q] for q in questions], confidence)


def _differences(
    first: PolicyEvaluation, second: PolicyEvaluation, questions: Sequence[str]
) -> Iterator[float]:
    return (second.questions[q] - first.questions[q] for q in questions)
