"""What the teacher sees that the student does not.

    context.py    what a privileged context is, and what it reads
    kinds/        the built-in ones
    shown.py      the teacher's question beside each rollout
    siblings.py   which correct and wrong responses of its group a rollout is held against
    solution.py   the reference solution, required

A file of `kinds` that holds a `PrivilegedContext` can be declared by its name: nothing else has to
be told. A user's own, beside the YAML or in a package, has the same form.
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
