"""NeMo-RL: train_data_stepN.jsonl, whose values are lists of one.

Fields as nemo_rl/algorithms/grpo.py writes them: `content` (the messages' texts), `rewards`,
`token_ids` (padded), `input_lengths`, `token_loss_mask`, `sample_loss_mask`, `advantages`,
`generation_logprobs`, `prev_logprobs`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from rlsd_pipeline.imports.rollout_format import Place, RolloutFormat, same_everywhere
from rlsd_pipeline.imports.row import UnusableError


class NeMoRL(RolloutFormat):
    """Token ids with their log-probabilities, and rewards."""

    type: Literal["nemo_rl"] = "nemo_rl"

    patterns = ("train_data_step*.jsonl",)
    keys = frozenset({"token_ids", "token_loss_mask", "input_lengths", "rewards"})
    described = "NeMo-RL's train_data_step*.jsonl"
    step_in_path = r"/train_data_step(\d+)\.jsonl$"

    def read(self, record: Mapping[str, Any], place: Place) -> Iterator[dict[str, Any]]:
        """One sample."""
        own = {name: _own(value) for name, value in record.items()}
        mask = [bool(each) for each in own["token_loss_mask"][: own["input_lengths"]]]
        if True not in mask:
            raise UnusableError("no response")
        first = mask.index(True)
        if not all(mask[first:]):
            raise UnusableError("a conversation of several turns")
        taken = slice(first, len(mask))
        texts = own.get("content")
        logprobs = own.get("generation_logprobs")
        advantages = own.get("advantages")
        yield {
            "step": place.step,
            "prompt": "".join(texts[:-1]) if isinstance(texts, list) and len(texts) > 1 else None,
            "prompt_ids": own["token_ids"][:first],
            "completion": texts[-1] if isinstance(texts, list) and texts else None,
            "completion_ids": own["token_ids"][taken],
            "logprobs": None if logprobs is None else logprobs[taken],
            "reward": own["rewards"],
            "advantage": None if advantages is None else same_everywhere(advantages[taken]),
        }


def _own(value: Any) -> Any:
    """A record is a batch of one."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value
