"""Names the problem that a row answers: one name for one prompt, in every stage.

The responses of one prompt within one step are a group, unless the log names groups: then a prompt
that was drawn twice is a problem for each.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict

from rlsd_pipeline.imports.row import SampledRow, UnusableError


class ProblemNames:
    """Names of problems, for the rows of one log in their order.

    Args:
        prefix: What every name begins with.
    """

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._groups: dict[tuple[int | None, str], list[str | None]] = defaultdict(list)

    def of(self, row: SampledRow) -> str:
        """The problem of the next row.

        Raises:
            UnusableError: The row has no prompt.
        """
        content = prompt_digest(row)
        groups = self._groups[row.step, content]
        if row.group not in groups:
            groups.append(row.group)
        again = groups.index(row.group)
        return f"{self._prefix}-{content}" + (f"-{again}" if again else "")


def prompt_digest(row: SampledRow) -> str:
    """Digest of what a row was asked, and of its gold answer.

    Raises:
        UnusableError: The row has no prompt.
    """
    asked = row.prompt if row.prompt is not None else row.prompt_ids
    if not asked:
        raise UnusableError("no prompt")
    images = [hashlib.sha256(image).hexdigest() for image in row.images]
    content = json.dumps([asked, row.system, row.answer, images])
    return hashlib.sha256(content.encode()).hexdigest()[:16]
