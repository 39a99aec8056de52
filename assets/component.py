"""An experiment's YAML file as a Dagster Component; its attributes are the library's config."""

from pathlib import Path

import dagster as dg
from pydantic import BaseModel

from assets.graph import build_definitions
from rlsd_pipeline.config.experiment import ExperimentConfig


class Experiment(dg.Component):
    """One declared experiment: arms that train by different weightings, and their evaluation."""

    def __init__(self, name: str, experiment: ExperimentConfig) -> None:
        self.name = name
        self.experiment = experiment

    @classmethod
    def get_model_cls(cls) -> type[BaseModel]:
        """The attributes that a `defs.yaml` may hold."""
        return ExperimentConfig

    @classmethod
    def load(cls, attributes: BaseModel | None, context: dg.ComponentLoadContext) -> "Experiment":
        """Build the component from its YAML; the folder names the experiment."""
        assert isinstance(attributes, ExperimentConfig)
        folder = Path(context.path) if Path(context.path).is_dir() else Path(context.path).parent
        return cls(folder.name, attributes.located(folder))

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        """The experiment's asset graph."""
        return build_definitions(self.name, self.experiment)
