"""An experiment that is an import: its YAML, or another experiment with its rollouts replaced."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from rlsd_pipeline.config.experiment import ExperimentConfig
from rlsd_pipeline.config.paths import located_path
from rlsd_pipeline.config.strict import nearest, validate
from rlsd_pipeline.errors import ConfigError
from rlsd_pipeline.imports.formats import FORMATS
from rlsd_pipeline.imports.stages import ProblemsImport, RewardsImport, RolloutsImport
from rlsd_pipeline.stages.config import StagesConfig

_COMPONENT = "assets.component.Experiment"


class ImportRequest(NamedTuple):
    """The request of an import.

    Attributes:
        format: Name of the format, or where a class of one lies.
        path: The log, as a path from the current folder.
        options: Settings of the format, such as the columns of `generic`.
        steps: The trainer's steps, which become iterations.
        first: The iteration that the first of them becomes.
        model: A model folder or hub id; None imports words.
        verify: What is verified anew; see `RewardsImport`.
        correct_from: Logged reward from which a response counts as correct.
    """

    format: str
    path: Path
    options: Mapping[str, Any] = {}
    steps: Sequence[int] = ()
    first: int = 0
    model: str | None = None
    verify: str = "no"
    correct_from: float | None = None

    @property
    def source(self) -> dict[str, Any]:
        """The declaration of the log."""
        return {"type": self.format, "path": located_path(str(self.path), Path()), **self.options}

    @property
    def model_name(self) -> str | None:
        """The declaration of the model; a folder becomes an absolute path."""
        if self.model is None or not Path(self.model).is_dir():
            return self.model
        return str(Path(self.model).resolve())

    def stages(self, tokens: str) -> dict[str, dict[str, Any]]:
        """The declarations of the stages."""
        rollouts: dict[str, Any] = {"type": "import", "source": self.source, "tokens": tokens}
        if self.steps:
            rollouts["steps"] = list(self.steps)
        if self.first:
            rollouts["first"] = self.first
        rewards: dict[str, Any] = {"type": "import", "verify": self.verify}
        if self.correct_from is not None:
            rewards["correct_from"] = self.correct_from
        return {
            "problems": {"type": "import", "source": self.source, "tokens": tokens},
            "rollouts": rollouts,
            "rewards": rewards,
        }


def require_format(name: str) -> None:
    """Refuse a name that is no built-in format and says no place of a class.

    Raises:
        ConfigError: With the nearest name.
    """
    from rlsd_pipeline.components.component import built_in_name
    from rlsd_pipeline.components.location import is_location

    known = [found for kind in FORMATS if (found := built_in_name(kind)) is not None]
    if name not in known and not is_location(name):
        raise ConfigError(f"--from {name}: {nearest(name, known, 'formats')}")


def declaration(request: ImportRequest) -> str:
    """The YAML of an experiment that is this import alone; every method of it is compared.

    Args:
        request: What is imported.
    """
    tokens = "words" if request.model is None else "model"
    attributes: dict[str, Any] = {"description": f"Rollouts of another trainer ({request.format})."}
    arms: list[dict[str, Any]] = [{"weighting": {"type": "grpo"}}]
    if request.model is not None:
        attributes["model"] = {"type": "pretrained", "name": request.model_name}
        attributes["dataset"] = {"type": "arithmetic"}
        arms.insert(0, {"weighting": {"type": "rlsd"}})
    attributes |= {
        "prompts": {"student": "{question}"},
        "stages": request.stages(tokens),
        "arms": arms,
        "iterations": request.first + max(len(request.steps), 1),
    }
    if request.model is None:
        said = "# No model is declared: words stand for tokens, and nothing is scored.\n"
    else:
        said = "# `stages.problems` takes the place of the data set.\n"
    document = {"type": _COMPONENT, "attributes": attributes}
    return said + yaml.safe_dump(document, sort_keys=False, allow_unicode=True)


def declares(experiment: ExperimentConfig, request: ImportRequest) -> bool:
    """Whether an experiment declares this import itself: then it is what its YAML says."""
    rollouts = getattr(experiment.stages, "rollouts", None)
    rewards = getattr(experiment.stages, "rewards", None)
    if not isinstance(rollouts, RolloutsImport) or not isinstance(rewards, RewardsImport):
        return False
    source = rollouts.source
    return (
        source.type == request.format
        and source.path == located_path(str(request.path), Path())
        and all(getattr(source, name, None) == value for name, value in request.options.items())
        and (rollouts.steps, rollouts.first) == (list(request.steps), request.first)
        and request.verify in ("no", rewards.verify)
        and request.correct_from in (None, rewards.correct_from)
    )


def with_import(experiment: ExperimentConfig, request: ImportRequest) -> ExperimentConfig:
    """An experiment whose rollouts and rewards are a log's; its problems stay its own.

    What it declares of imported rewards stays as well, unless the request says otherwise.

    Raises:
        ConfigError: The format's settings are wrong.
    """
    known = getattr(experiment.stages, "rollouts", None)
    words = isinstance(known, RolloutsImport) and known.tokens == "words"
    declared = request.stages("words" if words else "model")
    if not isinstance(getattr(experiment.stages, "problems", None), ProblemsImport):
        del declared["problems"]
    says_nothing = request.verify == "no" and request.correct_from is None
    if says_nothing and isinstance(getattr(experiment.stages, "rewards", None), RewardsImport):
        del declared["rewards"]
    stages = validate(StagesConfig, declared, source="the import", path="stages", folder=Path())
    changes = {name: getattr(stages, name) for name in declared}
    return experiment.model_copy(update={"stages": experiment.stages.model_copy(update=changes)})
