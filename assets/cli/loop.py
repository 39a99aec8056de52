"""The asset graph driven from one process, against the instance that the UI shows."""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import dagster as dg
from yaml import YAMLError

from assets.cli.pace import Pace
from assets.dagster_private import NO_CAPTURE, CheckError, InstanceRef
from assets.declared import Declared
from assets.failures import own_error
from assets.graph import definitions_of
from assets.home import alone_in, dagster_home
from assets.jobs import COMPARE_WITH_COLUMNS, IMPORT, job_name, score_stages
from assets.naming import is_declared, own_name, take_name
from assets.partitions import partition_key
from assets.recovery import fail_dead_runs, process_tags
from assets.run_storage import SHOWN_TAGS, local_runs
from assets.stages.benchmark_scores import RESULTS_LATER_TAG
from assets.training.job import train_config
from assets.training.requirements import require
from assets.training.training import Observer, Training, unobserved
from rlsd_pipeline.config.experiment import load_experiment
from rlsd_pipeline.errors import ConfigError, RlsdError
from rlsd_pipeline.imports.making import is_scored, let_base_score
from rlsd_pipeline.progress import Progress
from rlsd_pipeline.stages.comparison.weighting_comparison import WeightingComparisonStage
from rlsd_pipeline.stages.evaluation.benchmark_items import BenchmarkItemsStage
from rlsd_pipeline.stages.evaluation.result_table import ResultsStage
from rlsd_pipeline.stages.iteration.policy import PolicyStage
from rlsd_pipeline.stages.iteration.problems import ProblemsStage
from rlsd_pipeline.stages.stage import Stage
from rlsd_pipeline.stages.upkeep.former_policies import is_of
from rlsd_pipeline.tables.numbers import MINUS

_SHARE_OF_RESULTS = 0.05
"""The table reads every score of every arm, so its cost grows with the experiment."""
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
_LATER = {RESULTS_LATER_TAG: "yes"}


class Loop:
    """Materializes partitions of one experiment, one run at a time.

    Attributes:
        file: Its YAML file.
        declared: The experiment.
        workspace: Its artifacts and policies in this process.
        wall_seconds: Wall time of the iterations run here.
        stage_seconds: The part of it that the library's stages took.
        reused: Stages of iterations run here that the store already held.
        computed: Those that it did not hold.
    """

    def __init__(
        self,
        file: Path,
        instance: dg.DagsterInstance,
        progress: Progress,
        observe: Observer | None = None,
        declared: Declared | None = None,
    ) -> None:
        self.file = file
        self.declared = declared or Declared(own_name(file), load_experiment(file))
        self.workspace = self.declared.workspace()
        self.workspace.progress = progress
        self.wall_seconds = 0.0
        self.stage_seconds = 0.0
        self.reused = self.computed = 0
        self._instance = instance
        self._training = Training(self.declared, observe or unobserved)
        self._definitions = definitions_of(self.declared, self._training)
        self._scores = score_stages(self.declared)
        self._pace = Pace(_SHARE_OF_RESULTS)
        fail_dead_runs(instance)

    def arms(self, chosen: Iterable[str]) -> list[str]:
        """The chosen arms, or all.

        Raises:
            ConfigError: The experiment declares no such arm.
        """
        return self._chosen(chosen, "arm", self.declared.experiment.lineages())

    def prepare(self, arms: Iterable[str]) -> None:
        """The data set, once hardware and model are known to be there, and the base policies."""
        require(self.declared)
        if self.declared.experiment.evaluation.public:
            self._run(BenchmarkItemsStage.name)
        self._run(ProblemsStage.name)
        for arm in arms:
            self.start(arm)

    def start(self, arm: str) -> None:
        """The base policy of an arm."""
        self._run(PolicyStage.name, partition_key(arm, 0))

    def import_log(self, arm: str, iteration: int) -> None:
        """An iteration out of another trainer's log, scored where a model is declared."""
        self._run(ProblemsStage.name)
        run = self.workspace.at(arm, iteration)
        if iteration > 0 and is_scored(run):
            let_base_score(run)
            self._run(PolicyStage.name, partition_key(arm, iteration))
        self._run(IMPORT, partition_key(arm, iteration))

    def train(self, arm: str, updates: int) -> None:
        """Train an arm to a number of updates, in one run."""
        started = time.perf_counter()
        config = train_config(self.declared, updates)
        self._count(self._run("train", arm, config, tags=_LATER), started)

    def _count(self, result: dg.ExecuteInProcessResult, started: float) -> None:
        self.wall_seconds += time.perf_counter() - started
        for event in result.get_asset_materialization_events():
            metadata = event.materialization.metadata
            cache = metadata["cache"].value if "cache" in metadata else None
            self.reused += cache == "hit"
            self.computed += cache == "miss"
            seconds = metadata.get("measured/seconds")
            if isinstance(seconds, dg.TextMetadataValue) and cache == "miss":
                self.stage_seconds += number_of(seconds.value or "0")

    def benchmarks(self, chosen: Iterable[str]) -> list[str]:
        """The chosen benchmarks, or all.

        Raises:
            ConfigError: The experiment declares no such benchmark.
        """
        way = ": declare it in evaluation.benchmarks"
        return self._chosen(chosen, "benchmark", self._scores, way)

    def _chosen(
        self, chosen: Iterable[str], what: str, known: Iterable[str], way: str = ""
    ) -> list[str]:
        names = list(known)
        for name in chosen:
            if name not in names:
                raise ConfigError(
                    f"{self.declared.name} has no {what} {name!r}; it has {', '.join(names)}{way}"
                )
        return [name for name in names if name in chosen] if chosen else names

    def evaluate(self, arm: str, iteration: int) -> None:
        """Score a policy on every benchmark; the table of all scores follows at its own pace."""
        scores = [self.declared.key(stage) for stage in self._scores.values()]
        if scores:
            self._run("evaluate", partition_key(arm, iteration), assets=scores, tags=_LATER)
        if self._pace.is_due:
            self.results()

    def lacks_score(self, arm: str, iteration: int) -> bool:
        """Whether the present policy lacks a score on one of the benchmarks."""
        run, store = self.workspace.at(arm, iteration), self.workspace.store
        policy = store.intact_ref(run.reference("policy"))
        if policy is None:
            return False
        scores = [store.intact_ref(run.reference(stage)) for stage in self._scores.values()]
        return not all(is_of(score, policy) for score in scores)

    def evaluate_on(self, benchmark: str, arm: str, iteration: int) -> None:
        """Score a policy on one benchmark."""
        self._run(f"evaluate_{benchmark}", partition_key(arm, iteration))

    def compare(self, arm: str, iteration: int) -> None:
        """Compare all methods on an iteration's tokens.

        Raises:
            ArtifactError: The iteration has not run.
        """
        self._compare("compare", arm, iteration)

    def compare_with_columns(self, arm: str, iteration: int) -> None:
        """Score the columns that compared methods lack, then compare all methods.

        Raises:
            RlsdError: The iteration has not run, or no model can score its rollouts.
        """
        self._compare(COMPARE_WITH_COLUMNS, arm, iteration)

    def _compare(self, does: str, arm: str, iteration: int) -> None:
        run = self.workspace.at(arm, iteration)
        run.stage(WeightingComparisonStage).inputs(run)
        self._run(does, partition_key(arm, iteration))

    def measure(self, stage: type[Stage], arm: str, iteration: int) -> None:
        """Make a stage beside the loop, such as `token_values` or `lookahead`, at one iteration.

        Raises:
            ArtifactError: The iteration has not run.
        """
        run = self.workspace.at(arm, iteration)
        for name in stage.reads:
            run.read(name)
        self._run(stage.name, partition_key(arm, iteration))

    def results(self) -> None:
        """Put all scores in one table."""
        with self._pace.timed():
            self._run(ResultsStage.name)

    def is_done(self, arm: str, iteration: int) -> bool:
        """Whether an iteration is complete, as now declared, and known to the instance."""
        return self._training.is_done(self._instance, arm, iteration)

    def complete(self, arm: str, total: int) -> int:
        """How many of an arm's first iterations are done, of `total`."""
        return self._training.complete(self._instance, arm, total)

    def _run(
        self,
        does: str,
        partition: str | None = None,
        config: Mapping[str, Any] | None = None,
        assets: Sequence[dg.AssetKey] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> dg.ExecuteInProcessResult:
        run_id = str(uuid4())
        try:
            result = self._job(does).execute_in_process(
                run_config={**_QUIET, **(config or {})},
                instance=self._instance,
                partition_key=partition,
                asset_selection=assets,
                run_id=run_id,
                tags={
                    **process_tags(run_id),
                    **(SHOWN_TAGS if is_declared(self.file) else {}),
                    **(tags or {}),
                },
            )
        except dg.DagsterResourceFunctionError as error:
            # As Dagster does with an exception of a stage.
            if isinstance(error.user_exception, RlsdError):
                raise error.user_exception from error
            raise
        except dg.Failure as failure:
            if (own := own_error(failure)) is not None:
                raise own from own.__cause__
            raise
        # Now that something is kept under it.
        take_name(self.file)
        return result

    def _job(self, does: str) -> dg.JobDefinition:
        return self._definitions.resolve_job_def(job_name(self.declared, does))


@contextmanager
def open_instance() -> Iterator[dg.DagsterInstance]:
    """The local Dagster instance, created on first use.

    Without its capture of standard output, which starts two processes a run: here nothing is
    printed that the terminal does not show.

    Raises:
        ConfigError: Dagster does not take the folder's dagster.yaml.
    """
    folder = dagster_home()
    try:
        with alone_in(folder):
            overrides = {"compute_logs": NO_CAPTURE} | local_runs(folder)
            ref = InstanceRef.from_dir(str(folder), overrides=overrides)
            opened = dg.DagsterInstance.from_ref(ref)
    except (dg.DagsterError, CheckError, ImportError, YAMLError, IsADirectoryError) as error:
        said = str(error).strip().replace("\n", " ")[:300]
        raise ConfigError(
            f"{folder / 'dagster.yaml'} is not what Dagster takes: {said}. Correct it, or move it "
            "away: the next command writes the one that is shipped"
        ) from error
    with opened as instance:
        yield instance


def number_of(shown: str) -> float:
    """The number that an asset's metadata show: `1,456` is 1456."""
    return float(shown.replace(",", "").replace(MINUS, "-"))
