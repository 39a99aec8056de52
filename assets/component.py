"""An experiment's YAML file as a Dagster Component; its attributes are the library's config."""

from pathlib import Path
from typing import Any

import dagster as dg
from pydantic import BaseModel, ConfigDict

from assets.graph import build_definitions
from assets.naming import FILE, experiment_name
from rlsd_pipeline.config.experiment import ExperimentConfig, load_experiment
from rlsd_pipeline.config.strict import validate


class Attributes(BaseModel):
    """The attributes of a YAML as written; its folder is needed to resolve its paths."""

    model_config = ConfigDict(extra="allow")

    @classmethod
    def model_json_schema(cls, *arguments: Any, **options: Any) -> dict[str, Any]:
        """That of an experiment, for Dagster's documentation and for editors."""
        return ExperimentConfig.model_json_schema(*arguments, **options)


class Experiment(dg.Component):
    """One declared experiment: arms that train by different weightings, and their evaluation."""

    def __init__(self, name: str, experiment: ExperimentConfig, file: Path | None) -> None:
        self.name = name
        self.experiment = experiment
        self.file = file

    @classmethod
    def get_model_cls(cls) -> type[BaseModel]:
        """The attributes that a `defs.yaml` may hold."""
        return Attributes

    @classmethod
    def load(cls, attributes: BaseModel | None, context: dg.ComponentLoadContext) -> "Experiment":
        """Build the component from its YAML; the folder names the experiment.

        Raises:
            ConfigError: The YAML gives a key twice, or names an invalid file.
        """
        assert isinstance(attributes, Attributes)
        folder = Path(context.path) if Path(context.path).is_dir() else Path(context.path).parent
        file = folder / FILE
        # Dagster keeps the last of two equal keys, so the file is read as the command line does.
        if file.is_file():
            return cls(experiment_name(file), load_experiment(file), file)
        declared = attributes.model_extra
        experiment = validate(ExperimentConfig, declared, source=str(file), folder=folder)
        return cls(experiment_name(file), experiment.located(folder), None)

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        """The experiment's asset graph."""
        return build_definitions(self.name, self.experiment, self.file)
