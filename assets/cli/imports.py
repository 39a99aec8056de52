"""`rlsd import`: another trainer's log as an iteration, with the counts of its rows."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from assets.cli.progress import say
from assets.cli.train import open_loop
from assets.dagster_private import DagsterAssetCheckFailedError
from assets.declared import Declared
from assets.naming import experiment_file, own_name
from rlsd_pipeline.config.experiment import ExperimentConfig, load_experiment
from rlsd_pipeline.config.model import PretrainedModel
from rlsd_pipeline.errors import ConfigError, RlsdError
from rlsd_pipeline.imports.declaring import (
    ImportRequest,
    declaration,
    declares,
    require_format,
    with_import,
)
from rlsd_pipeline.imports.lines import import_lines
from rlsd_pipeline.imports.making import imported_iterations, importing_arms, is_scored
from rlsd_pipeline.imports.stages import RolloutsImport
from rlsd_pipeline.stages.iteration.rollouts import RolloutsStage
from rlsd_pipeline.stages.workspace import StageRun


def import_rollouts(experiment: str, request: ImportRequest, arms: Sequence[str]) -> None:
    """Import into an experiment, or write the YAML of one that is this import."""
    require_format(request.format)
    path = Path(experiment)
    is_new = path.suffix in (".yaml", ".yml") and not path.exists()
    if is_new:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(declaration(request), encoding="utf-8")
    file = path if is_new else experiment_file(experiment)
    try:
        runs = _imported(file, request, arms)
    except (RlsdError, DagsterAssetCheckFailedError):
        if is_new:
            # Its declaration does not fit the log: the next one may.
            file.unlink()
        raise
    where = f"--arm {runs[0].arm.name} --iteration {runs[0].iteration}"
    say(
        *([f"wrote {file}"] if is_new else []),
        *(line for run in runs for line in import_lines(run)),
        f"next: rlsd compare {shlex.quote(experiment)} {where}",
    )


def _imported(file: Path, request: ImportRequest, arms: Sequence[str]) -> list[StageRun]:
    """Import, and where: of the first arm, since all arms have the same log."""
    declared = load_experiment(file)
    _require_its_model(declared, request)
    if not declares(declared, request):
        declared = with_import(declared, request)
    with open_loop(str(file), Declared(own_name(file), declared)) as (loop, _):
        chosen = importing_arms(loop.workspace, arms)
        iterations = imported_iterations(loop.workspace)
        for arm in chosen:
            if is_scored(loop.workspace.at(arm, 0)):
                loop.start(arm)
            for iteration in iterations:
                loop.import_log(arm, iteration)
        return [loop.workspace.at(chosen[0], iteration) for iteration in iterations]


def options(pairs: Sequence[str]) -> dict[str, Any]:
    """`NAME=VALUE` as settings of a format; a value is read as YAML.

    Raises:
        ConfigError: An option is not NAME=VALUE.
    """
    found = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise ConfigError(f"--option {pair}: write NAME=VALUE, such as reward=score")
        try:
            found[name] = yaml.safe_load(value)
        except yaml.YAMLError as error:
            raise ConfigError(f"--option {pair}: the value is no YAML: {error}") from error
    return found


def _require_its_model(experiment: ExperimentConfig, request: ImportRequest) -> None:
    """Refuse a model that an existing file does not declare: it would be ignored."""
    if request.model is None:
        return
    stage, model = experiment.stages.of(RolloutsStage), experiment.model
    if isinstance(stage, RolloutsImport) and stage.tokens == "words":
        found = "no model"
    elif not isinstance(model, PretrainedModel):
        found = f"`{model.type}`"
    elif request.model_name in (model.name, str(model.folder and model.folder.resolve())):
        return
    else:
        found = model.name
    raise ConfigError(
        f"--model {request.model}: the YAML is there already and declares {found}: leave --model "
        "out, or name a YAML that is not there yet"
    )
