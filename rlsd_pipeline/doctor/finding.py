"""One finding of an examination: damage, or a note."""

from collections.abc import Callable
from typing import Literal, NamedTuple


class Finding(NamedTuple):
    """A finding at one place.

    Attributes:
        what: The kind of thing.
        place: Where it is.
        fault: What is wrong with it.
        remedy: What mends it.
        mend: Mends it; None where the remedy is a command of its own.
        severity: Damage stops or falsifies something; a note does neither.
    """

    what: str
    place: str
    fault: str
    remedy: str
    mend: Callable[[], object] | None = None
    severity: Literal["damage", "note"] = "damage"
