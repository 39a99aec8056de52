"""The built-in trackers: each is one file that starts or continues an arm's run.

An experiment can declare every `Tracker` in a file here. Its imports are an extra of its name in
pyproject.toml. A tracker of a user's own, beside the YAML or in a package, has the same form.
"""

from typing import TYPE_CHECKING, TypeAlias

from rlsd_pipeline.components.built_in import built_in
from rlsd_pipeline.components.one_of import one_of
from rlsd_pipeline.tracking.tracker import Tracker

TRACKERS = built_in(__name__, __path__, Tracker)
"""Every built-in tracker, by the name of its file."""

if TYPE_CHECKING:
    TrackerConfig: TypeAlias = Tracker
else:
    TrackerConfig = one_of(Tracker, TRACKERS)
