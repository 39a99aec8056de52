"""Per-token advantages of a method beside token ids, in the names of other trainers.

trl       prompt, prompt_ids, completion_ids, advantages: GRPOTrainer takes advantages of shape
(responses, tokens) from a subclass (examples/trl_advantages)
verl      prompts, responses, response_mask, advantages, old_log_probs: the keys of a DataProto
prime_rl  token_ids, mask, logprobs, advantages over prompt and response: a branch of a trace
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import pyarrow as pa
import pyarrow.compute as pc

from rlsd_pipeline.config.strict import nearest
from rlsd_pipeline.errors import ConfigError
from schemas import (
    ComparedCredit,
    Problem,
    Reward,
    Rollout,
    TokenLogprobs,
    WeightingComparison,
)

if TYPE_CHECKING:
    from rlsd_pipeline.stages.workspace import StageRun

Form = Literal["plain", "trl", "verl", "prime_rl"]


def advantages_table(run: StageRun, method: str, form: Form = "plain") -> pa.Table:
    """The advantages of a method on the tokens of an iteration, one row for each response.

    Args:
        run: The arm's iteration; its methods must have been compared.
        method: A compared method whose credit is a policy gradient's advantage.
        form: The trainer whose names the columns have.

    Raises:
        ConfigError: The method was not compared, or is more than advantages.
        ArtifactError: The methods have not been compared here.
    """
    comparison = run.read("weighting_comparison")
    credit = comparison.table(ComparedCredit)
    known = pc.unique(credit["method"]).to_pylist()
    if (why := comparison.record(WeightingComparison).left_out.get(method)) is not None:
        raise ConfigError(
            f"--method {method} was not compared here: {why}; here are {_listed(known)}"
        )
    if method not in known:
        raise ConfigError(f"--method {method}: {nearest(method, known, 'methods')}")
    _require_advantages(run, method)
    chosen = credit.filter(pc.equal(credit["method"], method))
    rollouts, rewards = run.read("rollouts").table(Rollout), run.read("rewards").table(Reward)
    columns = {
        "rollout_id": rollouts["rollout_id"],
        "problem_id": rollouts["problem_id"],
        "prompt": _questions(run, rollouts["problem_id"].to_pylist()),
        "completion": rollouts["completion"],
        "prompt_ids": rollouts["prompt_ids"],
        "completion_ids": rollouts["completion_ids"],
        "advantages": chosen["credit"],
        "logprobs": _logprobs(run, rollouts),
        "reward": rewards["reward"],
    }
    return pa.table(_FORMS[form](columns))


def _listed(methods: Sequence[str]) -> str:
    """Names of methods in backticks, since a name may hold a comma."""
    return ", ".join(f"`{name}`" for name in methods)


def _require_advantages(run: StageRun, method: str) -> None:
    from rlsd_pipeline.stages.comparison.compared_methods import compared_methods
    from rlsd_pipeline.weighting.sft import SFT

    weighting = compared_methods(run).get(method)
    if weighting is not None and (
        weighting.stored_divergence is not None or isinstance(weighting, SFT)
    ):
        raise ConfigError(
            f"`{method}` does more than weigh a policy gradient, so its credit is no advantage: "
            "choose a method such as rlsd or grpo"
        )


def _questions(run: StageRun, owners: list[str]) -> list[str]:
    table = run.read("problems").table(Problem, ["problem_id", "question"])
    named = dict(zip(*(table[name].to_pylist() for name in table.column_names), strict=True))
    return [named[owner] for owner in owners]


def _logprobs(run: StageRun, rollouts: pa.Table) -> Any:
    """Under the policy that is trained where it scored them, else as the sampler gave them."""
    scored = run.workspace.store.intact_ref(run.reference("logprobs"))
    digest = run.read("rollouts").digest
    if scored is not None and scored.manifest.inputs.get("rollouts") == digest:
        return scored.table(TokenLogprobs, ["student_logprobs"])["student_logprobs"]
    return rollouts["rollout_logprobs"]


def _verl(columns: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "uid": columns["problem_id"],
        "prompts": columns["prompt_ids"],
        "responses": columns["completion_ids"],
        "response_mask": [[1] * len(ids) for ids in columns["completion_ids"].to_pylist()],
        "advantages": columns["advantages"],
        "old_log_probs": columns["logprobs"],
        "token_level_scores": _at_the_end(columns),
    }


def _at_the_end(columns: Mapping[str, Any]) -> list[list[float]]:
    """The reward at the last token, where verl's reward manager puts it."""
    found = []
    for ids, reward in zip(
        columns["completion_ids"].to_pylist(), columns["reward"].to_pylist(), strict=True
    ):
        scores = [0.0] * len(ids)
        if scores:
            scores[-1] = reward or 0.0
        found.append(scores)
    return found


def _prime_rl(columns: Mapping[str, Any]) -> dict[str, Any]:
    names = ("prompt_ids", "completion_ids", "advantages", "logprobs")
    rows = list(zip(*(columns[name].to_pylist() for name in names), strict=True))
    return {
        "task": columns["problem_id"],
        "token_ids": [[*prompt, *ids] for prompt, ids, _, _ in rows],
        "mask": [[False] * len(prompt) + [True] * len(ids) for prompt, ids, _, _ in rows],
        "logprobs": [
            None if given is None else [0.0] * len(prompt) + given for prompt, _, _, given in rows
        ],
        "advantages": [[0.0] * len(prompt) + values for prompt, _, values, _ in rows],
        "reward": columns["reward"],
    }


def _trl(columns: Mapping[str, Any]) -> dict[str, Any]:
    chosen = ("problem_id", "prompt", "prompt_ids", "completion_ids", "advantages", "reward")
    found = {name: columns[name] for name in chosen}
    asked = [[{"role": "user", "content": text}] for text in columns["prompt"]]
    return found | {"prompt": asked, "old_per_token_logps": columns["logprobs"]}


_FORMS: dict[Form, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "plain": dict,
    "trl": _trl,
    "verl": _verl,
    "prime_rl": _prime_rl,
}
