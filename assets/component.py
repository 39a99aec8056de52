"""An experiment's YAML file as a Dagster Component; its attributes are the library's config."""

from pathlib import Path

import dagster as dg
from pydantic import BaseModel

from assets.graph import build_definitions
from assets.naming import FILE, experiment_name
from rlsd_pipeline.config.experiment import ExperimentConfig, load_experiment


class Experiment(dg.Component):
    """One declared experiment: arms that train by different weightings, and their evaluation."""

    def __init__(self, name: str, experiment: ExperimentConfig, file: Path | None) -> None:
        self.name = name
        self.experiment = experiment
        self.file = file

    @classmethod
    def get_model_cls(cls) -> type[BaseModel]:
        """The attributes that a `defs.yaml` may hold."""
        return ExperimentConfig

    @classmethod
    def load(cls, attributes: BaseModel | None, context: dg.ComponentLoadContext) -> "Experiment":
        """Build the component from its YAML; the folder names the experiment.

        Raises:
            ConfigError: The YAML says something twice, or names a file that is not what it must be.
        """
        assert isinstance(attributes, ExperimentConfig)
        folder = Path(context.path) if Path(context.path).is_dir() else Path(context.path).parent
        file = folder / FILE
        # Dagster keeps the last of two equal keys, so the file is read as the command line does.
        experiment = load_experiment(file) if file.is_file() else attributes.located(folder)
        return cls(experiment_name(file), experiment, file if file.is_file() else None)

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        """The experiment's asset graph."""
        return build_definitions(self.name, self.experiment, self.file)
