"""The built-in data sources: each file is one source with its settings.

    easy_vqa.py        the easy-VQA data set
    easy_vqa_chain.py  several questions chained about one of its images
    jsonl.py           a JSONL file
    hub.py             a data set of the Hugging Face hub, or local data in a layout of `datasets`
    arithmetic.py      generated sums and differences

An experiment can declare every `DataSource` in a file here; no list has to be changed. A source of
a user's own, beside the YAML or in a package, has the same form.
"""

from typing import TYPE_CHECKING, TypeAlias

from rlsd_pipeline.components.built_in import built_in
from rlsd_pipeline.components.one_of import one_of
from rlsd_pipeline.data.source import DataSource

SOURCES = built_in(__name__, __path__, DataSource)
"""Every built-in source, by the name of its file."""

if TYPE_CHECKING:
    DatasetConfig: TypeAlias = DataSource
else:
    DatasetConfig = one_of(DataSource, SOURCES)
