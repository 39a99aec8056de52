"""TRL: completions/completions_NNNNN.parquet, which its trainers write with `log_completions`.

Fields as trl/trainer/grpo_trainer.py of 1.16 writes them: `step`, `prompt` and `completion` (text,
or messages), a column a reward function, columns of `log_extra`, `advantage`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from rlsd_pipeline.imports.reward_columns import rewards
from rlsd_pipeline.imports.rollout_format import Place, RolloutFormat, asked, said

_KNOWN = ("step", "prompt", "completion", "advantage", "mode", "image", "images")


class TRL(RolloutFormat):
    """Text and rewards, without token ids, log-probabilities or images."""

    type: Literal["trl"] = "trl"

    patterns = ("completions_*.parquet",)
    keys = frozenset({"step", "prompt", "completion", "advantage"})
    described = "TRL's completions/*.parquet (log_completions=True)"
    step_in_path = r"/completions_(\d+)\.parquet$"

    reward_weights: dict[str, float] | None = None
    """Weight of each reward function, as `reward_weights` of the trainer; by default every column
    of numbers counts by 1. Name the functions if `log_extra` added other numeric columns."""

    def read(self, record: Mapping[str, Any], place: Place) -> Iterator[dict[str, Any]]:
        """One row."""
        yield {
            "step": record["step"],
            **asked(record["prompt"]),
            "completion": said(record["completion"]),
            **rewards(record, _KNOWN, self.reward_weights),
            "advantage": record["advantage"],
        }
