"""prime-rl: rollouts/step_N/**/traces.jsonl, or train_rollouts.jsonl of earlier releases.

Of `step_N/{train,eval}/{all,effective}`, `train/all` is read: `effective` repeats what an update
kept of it. A file that is named itself is read, whichever it is.

A trace has the fields of verifiers/v1/trace.py and graph.py: `nodes` (each with `message`,
`sampled`, `token_ids`, `mask`, `logprobs`, `advantages`), `calls`, `rewards` (`score` and `weight`
by name), `task`, `ok`. An earlier record has `prompt`, `completion`, `reward`, `advantage`,
`answer`, `example_id`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from rlsd_pipeline.imports.rollout_format import (
    Place,
    RolloutFormat,
    answer_of,
    asked,
    said,
    same_everywhere,
)
from rlsd_pipeline.imports.row import UnusableError
from schemas import FinishReason

_FINISH = {"stop": FinishReason.STOP, "length": FinishReason.LENGTH}


class PrimeRL(RolloutFormat):
    """Traces of one turn, with token ids and log-probabilities if the client recorded them."""

    type: Literal["prime_rl"] = "prime_rl"

    patterns = ("traces.jsonl",)
    keys = frozenset({"nodes", "rewards", "task"})
    described = "prime-rl's rollouts/step_N/**/traces.jsonl"
    step_in_path = r".*/step_(\d+)/"

    def leaves_out(self, file: Path) -> bool:
        """Evaluations, and `effective`, which repeats some rows of `all`."""
        repeated = file.parent.name == "effective" and os.path.lexists(
            file.parent.with_name("all") / file.name
        )
        return repeated or "eval" in file.relative_to(self.path).parts

    def read(self, record: Mapping[str, Any], place: Place) -> Iterator[dict[str, Any]]:
        """One trace."""
        if record.get("ok") is False and record.get("errors"):
            raise UnusableError("a rollout that failed")
        *before, last = record["nodes"] or [{}]
        sampled = [node for node in record["nodes"] if node.get("sampled")]
        if not sampled:
            raise UnusableError("no response")
        if len(sampled) > 1 or not last.get("sampled"):
            raise UnusableError("a conversation of several turns")
        rewards = {n: each for n, each in (record["rewards"] or {}).items() if each is not None}
        task = record["task"] or {}
        group = task.get("key") or task.get("hash")
        data = task.get("data") or {}
        finish = last.get("finish_reason") or _of_call(record)
        yield {
            "step": place.step,
            "group": None if group is None else str(group),
            **asked([node["message"] for node in before]),
            "completion": said([last["message"]]),
            **_tokens(before, last),
            "finish_reason": _FINISH.get(str(finish)),
            "reward": sum(e["score"] * e.get("weight", 1.0) for e in rewards.values())
            if rewards
            else None,
            "parts": {name: each["score"] for name, each in rewards.items()},
            "advantage": same_everywhere(last.get("advantages") or ()),
            "answer": answer_of(data.get("answer")),
        }


def _of_call(record: Mapping[str, Any]) -> Any:
    calls = record.get("calls") or [{}]
    return calls[-1].get("finish_reason")


def _tokens(before: list[dict[str, Any]], last: dict[str, Any]) -> dict[str, Any]:
    """Ids and log-probabilities of the sampled tokens; the scaffold before them is the prompt's."""
    ids, mask = last.get("token_ids") or [], last.get("mask") or []
    if True not in mask:
        return {}
    first, count = mask.index(True), sum(mask)
    prompt = [token for node in before for token in node.get("token_ids") or []]
    logprobs = last.get("logprobs") or None
    return {
        "prompt_ids": [*prompt, *ids[:first]],
        "completion_ids": ids[first : first + count],
        "logprobs": logprobs,
    }


class PrimeRLRecords(RolloutFormat):
    """The records of earlier releases: text, gold answers and rewards."""

    type: Literal["prime_rl_records"] = "prime_rl_records"

    patterns = ("train_rollouts.jsonl",)
    keys = frozenset({"prompt", "completion", "reward", "example_id"})
    described = "prime-rl's rollouts/step_N/train_rollouts.jsonl"
    step_in_path = r".*/step_(\d+)/"

    def read(self, record: Mapping[str, Any], place: Place) -> Iterator[dict[str, Any]]:
        """One rollout."""
        yield {
            "step": place.step,
            "group": str(record["example_id"]),
            **asked(record["prompt"]),
            "completion": said(record["completion"]),
            "finish_reason": FinishReason.LENGTH if record.get("is_truncated") else None,
            "reward": record["reward"],
            "advantage": record.get("advantage"),
            "answer": answer_of(record.get("answer")),
        }
