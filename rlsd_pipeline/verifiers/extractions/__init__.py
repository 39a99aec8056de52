"""Extractions of the answer from a response, one convention a file.

answer_tag.py    between `<answer>` and `</answer>`, after one `<think>` block
boxed.py         in the last box
last_line.py     on the last line, after a fixed beginning
final_answer.py  in any usual convention

extraction.py    the base class
"""

from typing import TYPE_CHECKING, TypeAlias

from rlsd_pipeline.components.built_in import built_in
from rlsd_pipeline.components.one_of import one_of
from rlsd_pipeline.verifiers.extractions.extraction import Extraction

EXTRACTIONS = built_in(__name__, __path__, Extraction)
"""Every built-in extraction, by the name of its file."""

if TYPE_CHECKING:
    ExtractionConfig: TypeAlias = Extraction
else:
    ExtractionConfig = one_of(Extraction, EXTRACTIONS)
