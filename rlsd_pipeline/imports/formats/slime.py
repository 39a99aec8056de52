"""slime: the samples of --save-debug-rollout-data, as JSON Lines.

slime writes them by `torch.save`, which is a pickle: it is not read here. The same samples as JSON
Lines are, one `Sample.to_dict()` (slime/utils/types.py) a line: `prompt`, `tokens` (prompt and
response), `response`, `response_length`, `rollout_log_probs`, `loss_mask`, `label`, `reward`,
`status`, `group_index`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from rlsd_pipeline.imports.reward_columns import is_number
from rlsd_pipeline.imports.rollout_format import (
    Place,
    RolloutFormat,
    answer_of,
    asked,
)
from rlsd_pipeline.imports.row import UnusableError
from schemas import FinishReason

_EVALUATION = re.compile(r"(^|[^A-Za-z])eval_\d+$")
_FINISH = {"completed": FinishReason.STOP, "truncated": FinishReason.LENGTH}


class Slime(RolloutFormat):
    """Token ids with their log-probabilities, text, gold answers and rewards."""

    type: Literal["slime"] = "slime"

    keys = frozenset({"tokens", "response", "response_length", "status"})
    described = "slime's saved rollouts, as JSON Lines"
    step_in_path = r"(\d+)\.jsonl$"

    reward_key: str | None = None
    """Entry that is the reward if the log has a dictionary: --reward-key of the run."""

    def step_of(self, record: Mapping[str, Any], place: Place) -> int | None:
        """The file's: a sample's `rollout_id` counts samples."""
        return place.step

    def leaves_out(self, file: Path) -> bool:
        """`eval_N`, whatever stands before it, is an evaluation's."""
        return _EVALUATION.search(file.stem) is not None

    def read(self, record: Mapping[str, Any], place: Place) -> Iterator[dict[str, Any]]:
        """One sample."""
        status = str(record["status"]).rpartition(".")[2].lower()
        if status not in _FINISH:
            raise UnusableError(f"a sample that was not finished ({status})")
        tokens, length = record["tokens"], record["response_length"]
        if not length:
            raise UnusableError("no response")
        if tokens and not 0 < length <= len(tokens):
            raise UnusableError("a response length that does not fit the tokens")
        if not all(record.get("loss_mask") or [1]):
            raise UnusableError("tokens that the policy did not sample")
        reward = record.get("reward")
        parts = {}
        if isinstance(reward, Mapping):
            parts = {k: float(v) for k, v in reward.items() if is_number(v)}
            reward = reward.get(self.reward_key) if self.reward_key else None
        yield {
            "step": place.step,
            "group": None if record.get("group_index") is None else str(record["group_index"]),
            **asked(record["prompt"]),
            "prompt_ids": tokens[: len(tokens) - length] or None,
            "completion": record["response"],
            "completion_ids": tokens[len(tokens) - length :] or None,
            "logprobs": record.get("rollout_log_probs"),
            "finish_reason": _FINISH[status],
            "reward": reward,
            "parts": parts,
            "answer": answer_of(record.get("label")),
        }
