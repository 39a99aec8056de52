"""The phrase detector on public outputs of models that were shown no reference."""

from pathlib import Path

from rlsd_pipeline.diagnostics.leakage.mentions import find_mentions
from tests.rlsd_pipeline.diagnostics.leakage.detector_table import public_outputs


def test_public_outputs_hardly_mention_a_reference(benchdata: Path) -> None:
    texts = public_outputs(benchdata)
    assert len(texts) == 8 * 3040
    assert sum(bool(find_mentions(text)) for text in texts) / len(texts) < 0.001
