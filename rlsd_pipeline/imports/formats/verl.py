"""verl: rollout_data_dir/STEP.jsonl.

Fields as verl/trainer/ppo/ray_trainer.py of 0.9.1 writes them: `input` and `output` (decoded
without special tokens), `gts` (the gold answer), `score`, `step`, and what the reward function
adds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from rlsd_pipeline.imports.reward_columns import is_number
from rlsd_pipeline.imports.rollout_format import Place, RolloutFormat, answer_of, said

_KNOWN = ("input", "output", "gts", "score", "step", "request_id")


class Verl(RolloutFormat):
    """Decoded text, gold answers and scores."""

    type: Literal["verl"] = "verl"

    keys = frozenset({"input", "output", "score", "step"})
    described = "verl's rollout_data_dir/*.jsonl"
    step_in_path = r"/(\d+)\.jsonl$"

    def read(self, record: Mapping[str, Any], place: Place) -> Iterator[dict[str, Any]]:
        """One row."""
        added = {
            name: float(value)
            for name, value in record.items()
            if name not in _KNOWN and (isinstance(value, bool) or is_number(value))
        }
        yield {
            "step": record["step"],
            "prompt": record["input"],
            "completion": said(record["output"]),
            "reward": record["score"],
            "parts": added,
            "answer": answer_of(record.get("gts")),
        }
