"""open-instruct: RUN_rollouts_NNNNNN.jsonl of --save_traces.

Fields as open_instruct/rl_utils.py::RolloutRecord has them: `step`, `prompt_idx`,
`prompt_tokens`, `response_tokens`, `reward`, `advantage`, `finish_reason`, `ground_truth`,
`request_info`, `logprobs`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from rlsd_pipeline.imports.rollout_format import Place, RolloutFormat, answer_of
from rlsd_pipeline.imports.row import UnusableError
from schemas import FinishReason

_FINISH = {"stop": FinishReason.STOP, "length": FinishReason.LENGTH}


class OpenInstruct(RolloutFormat):
    """Token ids with their log-probabilities and rewards; the tokenizer decodes the text."""

    type: Literal["open_instruct"] = "open_instruct"

    patterns = ("*_rollouts_*.jsonl",)
    keys = frozenset({"prompt_tokens", "response_tokens", "reward", "prompt_idx", "step"})
    described = "open-instruct's *_rollouts_*.jsonl (--save_traces)"

    def read(self, record: Mapping[str, Any], place: Place) -> Iterator[dict[str, Any]]:
        """One response."""
        if not record["response_tokens"]:
            raise UnusableError("no response")
        if (record.get("request_info") or {}).get("tool_calleds"):
            raise UnusableError("tokens that the policy did not sample")
        yield {
            "step": record["step"],
            "group": str(record["prompt_idx"]),
            "prompt_ids": record["prompt_tokens"],
            "completion_ids": record["response_tokens"],
            "logprobs": record.get("logprobs"),
            "finish_reason": _FINISH.get(str(record.get("finish_reason"))),
            "reward": record["reward"],
            "advantage": record.get("advantage"),
            "answer": answer_of(_text(record.get("ground_truth"))),
        }


def _text(gold: Any) -> Any:
    """A gold answer that is text; token ids say nothing without a tokenizer."""
    if isinstance(gold, list):
        texts = [each for each in gold if isinstance(each, str)]
        return texts[0] if len(texts) == 1 else None
    return gold
