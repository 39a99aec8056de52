"""Counts the responses of each score that mention a reference, and caches the counts.

Scores of earlier versions lack the count, and counting takes longer than the rest of a report.
"""

from contextlib import suppress
from typing import NamedTuple

from rlsd_pipeline.artifacts import Artifact
from rlsd_pipeline.artifacts.notes import keep_note, read_note
from rlsd_pipeline.artifacts.storage import Storage
from rlsd_pipeline.diagnostics.leakage.mentions import DEFAULT_PATTERNS, count_mentioning
from schemas import BenchmarkScore, ItemVerdict

_NOTE = "mentions"
_WORTH_KEEPING = 32
"""Scores that were counted and are not kept yet."""


class MentionCount(NamedTuple):
    """Responses of one policy on one benchmark.

    Attributes:
        mentioning: Those that mention a reference nobody showed them.
        responses: All of them.
    """

    mentioning: int
    responses: int


_known: dict[str, dict[str, MentionCount]] = {}
"""Store -> digest of a score -> its count."""

_kept: dict[str, int] = {}
"""Store -> how many of them are kept."""


def mention_count(artifact: Artifact, score: BenchmarkScore) -> MentionCount:
    """The count of a score: its own, or else counted by today's phrases."""
    storage = artifact.storage
    if storage.url not in _known:
        _known[storage.url] = _read(storage)
        _kept[storage.url] = len(_known[storage.url])
    known = _known[storage.url]
    if artifact.digest not in known:
        known[artifact.digest] = _counted(artifact, score.mentioning)
        if len(known) >= _kept[storage.url] + _WORTH_KEEPING:
            _keep(storage, known)
            _kept[storage.url] = len(known)
    return known[artifact.digest]


def _counted(artifact: Artifact, mentioning: int | None) -> MentionCount:
    name = "completion" if mentioning is None else "problem_id"
    column = artifact.table(ItemVerdict, [name])[name]
    return MentionCount(count_mentioning(column) if mentioning is None else mentioning, len(column))


def _read(storage: Storage) -> dict[str, MentionCount]:
    """The cached counts; empty if they are of other phrases."""
    document = read_note(storage, _NOTE)
    with suppress(TypeError, KeyError, AttributeError):
        if document.get("phrases") == list(DEFAULT_PATTERNS):
            return {digest: MentionCount(*count) for digest, count in document["counts"].items()}
    return {}


def _keep(storage: Storage, counts: dict[str, MentionCount]) -> None:
    keep_note(storage, _NOTE, {"phrases": DEFAULT_PATTERNS, "counts": counts})
