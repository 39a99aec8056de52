"""The declared replacements of stages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, create_model

from rlsd_pipeline.components.one_of import one_of
from rlsd_pipeline.config.strict import StrictConfig
from rlsd_pipeline.imports.stages import ImportStage
from rlsd_pipeline.stages.iteration.problems import ProblemsStage
from rlsd_pipeline.stages.registry import STAGES
from rlsd_pipeline.stages.stage import Stage
from rlsd_pipeline.stages.table import TableStage

S = TypeVar("S", bound=Stage)


class DeclaredStages(StrictConfig):
    """Stage name -> its replacement; null keeps the stage's own work."""

    def of(self, stage: type[S]) -> S:
        """The object of a stage that is declared, or the stage's own."""
        declared: S | None = getattr(self, stage.name, None)
        return stage() if declared is None else declared


def _place(stage: type[Stage]) -> Any:
    """The config field of a stage: it accepts objects with the stage's name and tables."""

    def fits(declared: Stage) -> Stage:
        found, name = type(declared), getattr(declared, "name", None)
        if name != stage.name:
            raise ValueError(
                f"{found.__name__} is the stage {name!r}, declared for `{stage.name}`: make it a "
                f"subclass of {stage.__module__}.{stage.__name__}"
            )
        if not set(stage.writes[:1]) <= set(found.writes):
            wanted, writes = stage.writes[0].__name__, [one.__name__ for one in found.writes]
            raise ValueError(
                f"{found.__name__} writes {', '.join(writes)}, and `{stage.name}` must write "
                f"{wanted}: name {wanted} in its `writes`"
            )
        return declared

    tables = [table for table in TableStage.__subclasses__() if issubclass(table, stage)]

    def takes(declared: Any) -> Any:
        table = isinstance(declared, Mapping) and declared.get("type") == "table"
        if table and not tables:
            raise ValueError(f"`{stage.name}` takes no table: {_elsewhere(stage)}")
        return declared

    imports = [each for each in ImportStage.__subclasses__() if issubclass(each, stage)]
    place = one_of(Stage, [stage, *tables, *imports])
    return Annotated[place, BeforeValidator(takes), AfterValidator(fits)]


def _elsewhere(stage: type[Stage]) -> str:
    """The advice where a table may be declared instead."""
    if stage is ProblemsStage:
        return "declare the file of the problems in `dataset`, whose `type: jsonl` reads one"
    takers = {table.name for table in TableStage.__subclasses__()}
    return f"only {', '.join(name for name in STAGES if name in takers)} do"


def _is_whole(stage: type[Stage]) -> bool:
    """Whether a stage needs no further argument, such as a benchmark."""
    return not any(field.is_required() for field in stage.model_fields.values())


if TYPE_CHECKING:
    StagesConfig = DeclaredStages
else:
    StagesConfig = create_model(
        "StagesConfig",
        __base__=DeclaredStages,
        __doc__=DeclaredStages.__doc__,
        **{
            name: (_place(stage) | None, Field(default=None, description=stage.description))
            for name, stage in STAGES.items()
            if _is_whole(stage)
        },
    )
