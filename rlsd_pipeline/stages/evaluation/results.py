"""results: the scores of all methods in one table, each compared with the base and one method."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from rlsd_pipeline.components.component import short_name
from rlsd_pipeline.config.experiment import ExperimentConfig
from rlsd_pipeline.stages.evaluation.policy_evaluation import (
    PolicyEvaluation,
    Scores,
    furthest,
    read_scores,
)
from rlsd_pipeline.stages.workspace import Workspace
from rlsd_pipeline.statistics.intervals import (
    SHARE,
    mean_interval,
)
from rlsd_pipeline.statistics.methods import (
    QuestionScores,
    holm,
    holm_p_values,
    method_difference,
    method_score,
)
from schemas import BenchmarkScore, MethodResult, ScoreDifference

BASE = "base"


def read_results(workspace: Workspace) -> list[MethodResult]:
    """The base and the newest score of every method, benchmark after benchmark."""
    return results_of(workspace.experiment, read_scores(workspace))


def newest_scores(experiment: ExperimentConfig, scores: Scores) -> Scores:
    """The scores of the table: of every arm the base, and the policy of its method's most updates.

    A seed that has not come as far is left out, which its method's count shows.
    """
    return {benchmark: _newest(experiment, arms) for benchmark, arms in scores.items()}


def _newest(
    experiment: ExperimentConfig, scores: Mapping[str, Mapping[int, PolicyEvaluation]]
) -> dict[str, dict[int, PolicyEvaluation]]:
    found: dict[str, dict[int, PolicyEvaluation]] = {}
    for arms in experiment.methods().values():
        wanted = {0, furthest(arms, scores)[0]}
        for arm in arms:
            of = scores[arm.name]
            found[arm.name] = {updates: one for updates, one in of.items() if updates in wanted}
    return found


def results_of(experiment: ExperimentConfig, scores: Scores) -> list[MethodResult]:
    """The lines of the table, benchmark after benchmark.

    Args:
        experiment: Declares methods and seeds.
        scores: All that are there.
    """
    lines = [
        result
        for benchmark, found in newest_scores(experiment, scores).items()
        for result in _benchmark_results(experiment, benchmark, found)
    ]
    p_values: dict[str, dict[str, float]] = {}
    for line in lines:
        if line.gain is not None:
            p_values.setdefault(line.method, {})[line.benchmark] = line.gain.p_value
    corrected = {method: holm_p_values(of) for method, of in p_values.items()}
    return [
        line
        if (gain := line.gain) is None
        else _with_gain(line, gain, corrected[line.method][line.benchmark])
        for line in lines
    ]


def _with_gain(line: MethodResult, gain: ScoreDifference, p_corrected: float) -> MethodResult:
    return line.model_copy(update={"gain": gain.model_copy(update={"p_corrected": p_corrected})})


def tests_of(found: Mapping[str, ScoreDifference | None]) -> str:
    """The test behind the p-values: its name, or each test with its methods."""
    methods_by_test: dict[str, list[str]] = {}
    for method, paired in found.items():
        if paired is not None:
            methods_by_test.setdefault(paired.test, []).append(method)
    if len(methods_by_test) < 2:
        return "".join(methods_by_test)
    return "; ".join(f"{test} ({', '.join(of)})" for test, of in methods_by_test.items())


def tests_of_results(results: Iterable[MethodResult]) -> dict[str, str]:
    """`gain` and `difference` -> the test of its p-values, if there are any."""
    lines = list(results)
    gains = {line.method: line.gain for line in lines}
    others = {line.method: line.difference for line in lines if line.difference}
    named = {"gain": tests_of(gains), "difference": tests_of(others)}
    return {what: tests for what, tests in named.items() if tests}


def _benchmark_results(
    experiment: ExperimentConfig,
    benchmark: str,
    found: Mapping[str, Mapping[int, PolicyEvaluation]],
) -> Iterator[MethodResult]:
    named = experiment.methods()
    newest = {name: furthest(arms, found) for name, arms in named.items()}
    bases = {
        name: {arm.seed: found[arm.name][0] for arm in arms if 0 in found[arm.name]}
        for name, arms in named.items()
    }
    if not any(bases.values()):
        return
    yield _base_line(experiment, benchmark, bases.values())
    scored = {name: seeds for name, (updates, seeds) in newest.items() if updates > 0}
    confidence, compared = experiment.evaluation.confidence, experiment.compared_with
    differences = {
        name: _difference(scored[compared], seeds, confidence)
        for name, seeds in scored.items()
        if compared in scored and name != compared and newest[name][0] == newest[compared][0]
    }
    corrected = holm(differences)
    for name, seeds in scored.items():
        gain, difference = _difference(bases[name], seeds, confidence), corrected.get(name)
        yield _line(experiment, benchmark, name, seeds, gain, difference)


def _base_line(
    experiment: ExperimentConfig, benchmark: str, bases: Iterable[Mapping[int, PolicyEvaluation]]
) -> MethodResult:
    """The policies that trainings begin with, each once."""
    distinct: dict[str, PolicyEvaluation] = {}
    for of_method in bases:
        for evaluated in of_method.values():
            distinct.setdefault(evaluated.score.policy, evaluated)
    return _line(experiment, benchmark, BASE, dict(enumerate(distinct.values())))


def _line(
    experiment: ExperimentConfig,
    benchmark: str,
    name: str,
    seeds: Mapping[int, PolicyEvaluation],
    gain: ScoreDifference | None = None,
    difference: ScoreDifference | None = None,
) -> MethodResult:
    confidence = experiment.evaluation.confidence
    records = [evaluated.score for evaluated in seeds.values()]
    mentions = [evaluated.mentions for evaluated in seeds.values()]
    arms = experiment.methods().get(name)
    clusters = next(iter(seeds.values())).clusters if len(seeds) == 1 else None
    return MethodResult(
        benchmark=benchmark,
        method=name,
        weighting=BASE if arms is None else short_name(arms[0].weighting),
        updates=records[0].updates,
        seeds=list(seeds),
        score=method_score(list(_questions(seeds).values()), confidence, clusters),
        gain=gain,
        difference=difference,
        mentions=mentions[0]
        if len(mentions) == 1
        else mean_interval([one.value for one in mentions], confidence, SHARE),
        steps=_steps(records),
        unparsed=sum(record.unparsed for record in records),
        truncated=sum(record.truncated for record in records),
        blind=records[0].blind_baseline,
        mode=records[0].mode,
        detectable=max((r.detectable for r in records if r.detectable is not None), default=None),
        judged=_judged(records),
    )


def _judged(records: Sequence[BenchmarkScore]) -> float | None:
    scores = [record.judge.score for record in records if record.judge is not None]
    return sum(scores) / len(scores) if len(scores) == len(records) else None


def _difference(
    first: Mapping[int, PolicyEvaluation], second: Mapping[int, PolicyEvaluation], confidence: float
) -> ScoreDifference | None:
    """Second minus first: over the seeds, or question by question where each has the same one."""
    clusters = next(iter(second.values())).clusters if second else None
    return method_difference(_questions(first), _questions(second), confidence, clusters)


def _questions(seeds: Mapping[int, PolicyEvaluation]) -> dict[int, QuestionScores]:
    return {seed: evaluated.questions for seed, evaluated in seeds.items()}


def _steps(records: Sequence[BenchmarkScore]) -> dict[str, float]:
    """Mean of each step; one that no response of some policy reached is left out."""
    names = [name for name in records[0].breakdown if name.startswith("step:")]
    return {
        name.removeprefix("step:"): sum(r.breakdown[name].score for r in records) / len(records)
        for name in names
        if all(name in record.breakdown for record in records)
    }
