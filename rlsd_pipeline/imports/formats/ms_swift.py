"""ms-swift: completions.jsonl, one line a batch, whose values are lists over the responses.

Fields as swift/rlhf_trainers/grpo_trainer.py of 4.6 writes them: `step` (text; `gen_step` with
Megatron), `prompt` (in the chat template), `completion`, a list a reward function, `advantages`,
and what else the run logs. Earlier releases have `messages` and `reward`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from rlsd_pipeline.imports.reward_columns import rewards
from rlsd_pipeline.imports.rollout_format import (
    MISSHAPEN,
    Place,
    RolloutFormat,
    answer_of,
    asked,
    misshapen,
    said,
    whole_number,
)
from rlsd_pipeline.imports.row import UnusableError

_KNOWN = (
    "step",
    "gen_step",
    "prompt",
    "messages",
    "completion",
    "advantages",
    "entropy",
    "solution",
    "num_turns",
)


class MSSwift(RolloutFormat):
    """Text and rewards, batch by batch."""

    type: Literal["ms_swift"] = "ms_swift"

    patterns = ("completions*.jsonl",)
    keys = frozenset({"completion", "advantages"})
    described = "ms-swift's completions.jsonl"

    reward_weights: dict[str, float] | None = None
    """Weight of each reward function; by default every list of numbers counts by 1."""

    def names_step(self, record: Mapping[str, Any]) -> bool:
        """Whether the record has the step, under either of its names."""
        return not record.keys().isdisjoint(("step", "gen_step"))

    def step_of(self, record: Mapping[str, Any], place: Place) -> int | None:
        """That of the batch, whose rows may each repeat it."""
        step = record.get("step", record.get("gen_step"))
        return whole_number(step[0] if isinstance(step, list) and step else step)

    def read(
        self, record: Mapping[str, Any], place: Place
    ) -> Iterator[dict[str, Any] | UnusableError]:
        """The rows of a batch; one that cannot be used loses no other."""
        lengths = {len(value) for value in record.values() if isinstance(value, list)}
        if not isinstance(record["completion"], list) or len(lengths) != 1:
            for _ in range(max(lengths, default=1) or 1):
                yield UnusableError("a batch whose values are no lists of one length")
            return
        for at in range(lengths.pop()):
            row = {k: v[at] if isinstance(v, list) else v for k, v in record.items()}
            try:
                yield self._row(row)
            except UnusableError as error:
                yield error
            except MISSHAPEN:
                yield UnusableError(misshapen(self))

    def _row(self, row: Mapping[str, Any]) -> dict[str, Any]:
        step = row.get("step", row.get("gen_step"))
        return {
            "step": step if step is None else int(step),
            **asked(row.get("prompt", row.get("messages"))),
            "completion": said(row["completion"]),
            **rewards(row, _KNOWN, self.reward_weights),
            "advantage": row["advantages"],
            "answer": answer_of(row.get("solution")),
        }
