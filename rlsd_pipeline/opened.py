"""An experiment from Python and notebooks: its tables, comparisons and report in one line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rlsd_pipeline.errors import ConfigError
from rlsd_pipeline.home import ROOT, open_store, store_url
from rlsd_pipeline.whole_file import write_whole

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow as pa

    from rlsd_pipeline.imports.declaring import ImportRequest
    from rlsd_pipeline.report.data import Report
    from rlsd_pipeline.stages.workspace import StageRun, Workspace
    from schemas import WeightingComparison

_SHOWN_ROWS = 10
_SHOWN_VALUES = 4


def open_experiment(file: str | Path, *, store: str | None = None) -> OpenExperiment:
    """Open a declared experiment with its stored results.

    Args:
        file: Its YAML, the YAML's folder, or the name of an experiment of the checkout.
        store: URL or folder of the artifacts; by default, as on the command line, RLSD_STORE, or a
            folder of RLSD_HOME or of `.rlsd` in the checkout.

    Raises:
        ConfigError: There is no such experiment, or it declares something unknown.
    """
    from rlsd_pipeline.config.experiment import load_experiment
    from rlsd_pipeline.config.naming import experiment_name
    from rlsd_pipeline.stages.workspace import Workspace

    path = _file(file)
    opened = open_store(store or store_url())
    return OpenExperiment(Workspace(experiment_name(path), load_experiment(path), opened), path)


def _file(file: str | Path) -> Path:
    given = Path(file)
    ours = ROOT / "assets" / "experiments" / given
    for path in (given, given / "defs.yaml", ours / "defs.yaml"):
        if path.is_file():
            return path.resolve()
    raise ConfigError(f"no experiment {str(file)!r}: give the path of a YAML file")


@dataclass(repr=False)
class OpenExperiment:
    """The results of an experiment, by stage, arm and iteration.

    Attributes:
        workspace: Its stages and its store.
        file: Its YAML.
    """

    workspace: Workspace
    file: Path

    @property
    def arms(self) -> list[str]:
        """Its arms, such as `rlsd-s0`."""
        return list(self.workspace.experiment.lineages())

    def at(self, arm: str | None = None, iteration: int = 0) -> StageRun:
        """The stage run of an arm's iteration; by default of the first arm.

        Raises:
            ConfigError: There is no such arm or iteration.
        """
        return self.workspace.at(arm or self.arms[0], iteration)

    def table(
        self, stage: str, arm: str | None = None, iteration: int = 0, record: str | None = None
    ) -> Table:
        """A stored table of a stage, such as `table("rollouts").pandas()`.

        Args:
            stage: Name of a stage, such as `rollouts`, `rewards` or `weighting_comparison`.
            arm: Name of an arm; by default the first.
            iteration: Iteration of the arm.
            record: Table of the stage, such as `ImportedRollout`; by default the first.

        Raises:
            ConfigError: The artifact has no such table.
            ArtifactError: The stage has not been run here.
        """
        import schemas
        from rlsd_pipeline.artifacts.artifact import file_name
        from rlsd_pipeline.config.strict import nearest
        from rlsd_pipeline.stages.registry import STAGES, stage_of

        if stage not in STAGES:
            raise ConfigError(f"there is no stage {stage!r}; {nearest(stage, STAGES, 'stages')}")
        run = self.at(arm, iteration)
        artifact = run.read(stage)
        kind = stage_of(stage)
        names = [record] if record else [one.__name__ for one in (kind.writes if kind else ())]
        for name in names:
            found = getattr(schemas, name, None)
            if found is not None and file_name(found, ".parquet") in artifact.manifest.files:
                return Table(artifact.table(found), f"{stage} of {run.arm.name}, {iteration:03d}")
        held = ", ".join(sorted(artifact.manifest.files))
        raise ConfigError(f"{stage} has no table {' or '.join(names)}; it has {held}")

    def comparison(self, arm: str | None = None, iteration: int = 0) -> Comparison:
        """The comparison of all methods on one iteration's rollouts, computed if it is missing.

        Raises:
            ArtifactError: The iteration has no rollouts or rewards.
        """
        from rlsd_pipeline.stages.comparison.weighting_comparison import WeightingComparisonStage
        from schemas import WeightingComparison

        run = self.at(arm, iteration)
        artifact = run.make(WeightingComparisonStage)
        return Comparison(artifact.record(WeightingComparison), run)

    def advantages(
        self, method: str, arm: str | None = None, iteration: int = 0, form: Any = "plain"
    ) -> Table:
        """Per-token advantages of a compared method, under a trainer's names; see `exports`.

        Raises:
            ConfigError: The method was not compared, or has further streams.
        """
        from rlsd_pipeline.exports.advantages import advantages_table

        return Table(advantages_table(self.at(arm, iteration), method, form), f"{method} ({form})")

    def import_rollouts(
        self, request: ImportRequest | None = None, arms: Sequence[str] = (), score: bool = False
    ) -> None:
        """Import a log, as `rlsd import` does, without Dagster.

        Args:
            request: The log to import; None if the experiment's YAML declares the import.
            arms: Arms of the rollouts; by default all that learn from sampled ones.
            score: Also let the declared model score them.

        Raises:
            RlsdError: The log or the experiment does not fit.
        """
        from rlsd_pipeline.imports.declaring import with_import
        from rlsd_pipeline.imports.making import make_imported

        if request is not None:
            experiment = with_import(self.workspace.experiment, request)
            place = self.workspace
            self.workspace = type(place)(place.name, experiment, place.store)
        make_imported(self.workspace, arms, score=score)

    def report(self, arm: str | None = None, iteration: int | None = None) -> ReportPage:
        """The report of the experiment as one page.

        Args:
            arm: Arm of the shown tokens; by default none are shown.
            iteration: Iteration of the arm.
        """
        from rlsd_pipeline.report.collected.collect import collect_report

        place = None if arm is None else self.at(arm, iteration or 0)
        return ReportPage(collect_report(self.workspace, place, f"rlsd report {self.file}"))


@dataclass(frozen=True, repr=False)
class Table:
    """A table for pandas, Polars and Arrow.

    Attributes:
        arrow: The rows.
        title: Title of the table.
    """

    arrow: pa.Table
    title: str = ""

    def __len__(self) -> int:
        return len(self.arrow)

    def pandas(self) -> pandas.DataFrame:
        """The table as a data frame of pandas."""
        return self.arrow.to_pandas()

    def polars(self) -> polars.DataFrame:
        """The table as a data frame of Polars, which must be installed.

        Raises:
            ConfigError: Polars is not installed.
        """
        try:
            import polars
        except ImportError as error:
            raise ConfigError("polars is not installed: pip install polars") from error
        frame = polars.from_arrow(self.arrow)
        assert isinstance(frame, polars.DataFrame)
        return frame

    def write(self, path: str | Path) -> Path:
        """Write the table as `.parquet`, `.jsonl`, or a folder of `datasets`.

        Raises:
            ConfigError: The file has another ending.
        """
        from rlsd_pipeline.exports.written import write_table

        return write_table(self.arrow, Path(path))

    def _repr_html_(self) -> str:
        import pandas

        shown = self.arrow.slice(0, _SHOWN_ROWS).to_pylist(maps_as_pydicts="strict")
        frame = pandas.DataFrame(
            [{name: _short(value) for name, value in row.items()} for row in shown],
            columns=self.arrow.column_names,
        )
        rows = f"{len(self):,} rows"
        return f"<p>{escape(self.title)}: {rows}</p>{frame.to_html(max_cols=12, border=0)}"


def _short(value: Any) -> Any:
    """A shortened cell: the first values of a list, the size of an image."""
    if isinstance(value, bytes):
        return f"{len(value):,} bytes"
    if isinstance(value, float):
        return f"{value:.4g}"
    if not isinstance(value, list):
        return value
    shown = ", ".join(str(_short(each)) for each in value[:_SHOWN_VALUES])
    return f"[{shown}]" if len(value) <= _SHOWN_VALUES else f"[{shown}, … {len(value):,} values]"


@dataclass(frozen=True, repr=False)
class Comparison:
    """The comparison of all methods on the same rollouts; a notebook renders it.

    Attributes:
        record: The summary.
        run: The stage run of the comparison.
    """

    record: WeightingComparison
    run: StageRun

    def pandas(self) -> pandas.DataFrame:
        """One row for each method: quantiles of its credit, shares by segment, sign agreement."""
        import pandas

        rows = {
            method.method: {
                **method.quantiles,
                "magnitude": method.magnitude,
                "credited": method.credited,
                **{f"{name} share": each.value for name, each in method.segments.items()},
                "sign": None if method.sign_agreement is None else method.sign_agreement.value,
            }
            for method in self.record.methods
        }
        return pandas.DataFrame.from_dict(rows, orient="index")

    def _repr_html_(self) -> str:
        found = self.record
        title = (
            f"{self.run.workspace.name}, {self.run.arm.name}, iteration {self.run.iteration}: "
            f"credit of {found.tokens:,} tokens of {found.rollouts:,} responses"
        )
        left = "".join(
            f"<li>{escape(name)}: {escape(why)}</li>" for name, why in found.left_out.items()
        )
        return f"<p>{escape(title)}</p>{self.pandas().round(3).to_html(border=0)}" + (
            f"<p>left out</p><ul>{left}</ul>" if left else ""
        )


@dataclass(repr=False)
class ReportPage:
    """The report as one page; a notebook shows it in a frame of its own.

    Attributes:
        report: Data of the page.
    """

    report: Report

    @cached_property
    def html(self) -> str:
        """The page, which needs no network."""
        from rlsd_pipeline.report.html import render

        return render(self.report)

    def write(self, path: str | Path) -> Path:
        """Write the page."""
        return write_whole(Path(path), self.html)

    def _repr_html_(self) -> str:
        frame = 'width="100%" height="720" style="border:0"'
        return f'<iframe srcdoc="{escape(self.html, quote=True)}" {frame}></iframe>'
