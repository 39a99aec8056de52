"""The base of models whose field descriptions are the docstrings below the fields."""

import inspect
import sys
from typing import Any

from pydantic import BaseModel, ConfigDict


class Documented(BaseModel):
    """A frozen model that refuses unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Tell `inspect` which module a file is.

        Pydantic asks it, and it would go through all loaded modules for each file of models: half
        a second of each process that loads the definitions.
        """
        super().__init_subclass__(**kwargs)
        file = getattr(sys.modules.get(cls.__module__), "__file__", None)
        if file is not None:
            inspect.modulesbyfile.setdefault(file, cls.__module__)
