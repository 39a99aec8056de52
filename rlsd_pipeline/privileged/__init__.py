"""Privileged contexts: what the teacher sees and the student does not.

    context.py    the base class of a privileged context
    kinds/        the built-in ones
    shown.py      the teacher's prompt for each rollout
    siblings.py   the correct and wrong responses of its group that a rollout is compared with
    solution.py   the reference solution, required

An experiment can declare every `PrivilegedContext` in a file of `kinds` by its name; no list has to
be changed. A context of a user's own, beside the YAML or in a package, has the same form.
"""

from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

from pydantic import BeforeValidator

from rlsd_pipeline.components.built_in import built_in
from rlsd_pipeline.components.one_of import one_of
from rlsd_pipeline.privileged import kinds
from rlsd_pipeline.privileged.context import PrivilegedContext

CONTEXTS = built_in(kinds.__name__, kinds.__path__, PrivilegedContext)
"""Every built-in context, by the name of its file."""


def _by_name(declared: Any) -> Any:
    return {"type": declared} if isinstance(declared, str) else declared


if TYPE_CHECKING:
    Privileged: TypeAlias = PrivilegedContext
else:
    Privileged = Annotated[
        one_of(PrivilegedContext, CONTEXTS),
        BeforeValidator(_by_name, json_schema_input_type=str | dict[str, Any]),
    ]
