"""The phrase detector on public outputs of models that were shown no reference."""

import json
from pathlib import Path

import pytest

from rlsd_pipeline.diagnostics.leakage.mentions import find_mentions


def test_public_outputs_hardly_mention_a_reference(
    benchdata: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    outputs = sorted((benchdata / "mathvision" / "outputs").glob("*.jsonl"))
    texts = [
        json.loads(line)["response"]
        for path in outputs
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    mentioning = sum(bool(find_mentions(text)) for text in texts)
    with capsys.disabled():
        print(
            f"\npublic MathVision outputs that mention a reference: {mentioning} of {len(texts):,}"
        )
    assert len(texts) == 8 * 3040
    assert mentioning / len(texts) < 0.001
