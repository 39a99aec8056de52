"""What a score of an earlier version does not say is counted once, by any process."""

from pathlib import Path

import pytest

from rlsd_pipeline.artifacts import ArtifactRequest, ArtifactStore, ArtifactWriter
from rlsd_pipeline.artifacts.tables import to_table
from rlsd_pipeline.stages.evaluation import mention_counts
from rlsd_pipeline.stages.evaluation.mention_counts import mention_count
from schemas import BenchmarkScore, ItemVerdict

LEAK, CLEAN = "the reference says 4", "it is 4"


@pytest.mark.parametrize("said", [None, 2])
def test_a_count_is_kept_beside_the_artifacts(
    said: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mention_counts, "_WORTH_KEEPING", 1)
    store = ArtifactStore(tmp_path)
    score = BenchmarkScore.model_validate(BenchmarkScore.example | {"mentioning": said})
    texts = [LEAK, CLEAN, LEAK.upper()]
    rows = {
        "problem_id": ["a", "b", "c"],
        "sample_index": [0] * 3,
        "completion": texts,
        "extracted": [None] * 3,
        "verdict": ["correct"] * 3,
        "guessed": [False] * 3,
        "judged": [None] * 3,
        "attributes": [{}] * 3,
    }

    def write(out: ArtifactWriter) -> None:
        out.record(score)
        out.table(ItemVerdict, to_table(ItemVerdict, rows))

    artifact = store.produce(ArtifactRequest("benchmark_scores", "1", {}), write)
    assert mention_count(artifact, score) == (2, 3)
    # Another process reads no response again.
    monkeypatch.setattr(mention_counts, "_known", {})
    (item_file,) = tmp_path.glob("benchmark_scores/*/*/item_verdict*.parquet")
    item_file.write_bytes(b"")
    assert mention_count(artifact, score) == (2, 3)
