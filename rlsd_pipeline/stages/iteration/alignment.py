"""Checks the alignment of a table's tokens before they are scored, weighed or learnt from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rlsd_pipeline.artifacts import Artifact
from rlsd_pipeline.components.component import built_in_name
from rlsd_pipeline.divergences.divergence import StoredDivergence
from rlsd_pipeline.errors import AlignmentError, ConfigError
from rlsd_pipeline.rollouts.engines import ENGINES
from schemas import Problem

if TYPE_CHECKING:
    from rlsd_pipeline.models.policy import EncodedPrompt, Policy

IN_WORDS = (
    "this needs a model, and the rollouts here were imported without one, in words: import the log "
    "into another YAML with `rlsd import ... --model FOLDER_OR_HUB_ID`"
)
LARGEST_DISTRIBUTION = 8 * 2**30
_BYTES_PER_ENTRY = 8


def require_sampled_by(rollouts: Artifact, policy: Artifact) -> None:
    """Refuse rollouts of another policy: scored by this one they would pass for its own.

    Of imported ones nobody knows; how far the policy is from what sampled them is measured.

    Raises:
        AlignmentError: The policies differ, or the rollouts are in words.
    """
    made_by = rollouts.manifest.config.get("implementation")
    if isinstance(made_by, dict) and made_by.get("tokens") == "words":
        raise AlignmentError(IN_WORDS)
    sampled_by = rollouts.manifest.inputs.get("policy")
    if sampled_by is not None and sampled_by != policy.digest:
        raise AlignmentError(
            f"the rollouts were sampled by policy {sampled_by[:12]}, and the policy here is "
            f"{policy.digest[:12]}: materialize rollouts again"
        )


def require_own_rewards(rewards: Artifact) -> None:
    """Refuse a log's rewards beside other rewards: their scales may differ.

    Raises:
        AlignmentError: The rewards that count are not this experiment's.
    """
    if _verified(rewards) in ("no", "beside"):
        raise AlignmentError(
            "continuations are rewarded by this experiment's verifier, and the rewards here are a "
            "log's, whose scale nobody knows: import with `--verify`, which takes gold answers"
        )


def require_read_answers(rewards: Artifact) -> None:
    """Refuse a log's rewards if its responses' answers were not read.

    Raises:
        AlignmentError: Nobody has.
    """
    if _verified(rewards) == "no":
        raise AlignmentError(
            "this asks the teacher with the answers that the responses give, and nobody has read "
            "them from the log: import with `--verify beside` or `--verify`, which take gold "
            "answers"
        )


def _verified(rewards: Artifact) -> str | None:
    """How imported rewards were verified; None for others."""
    made_by = rewards.manifest.config.get("implementation")
    if isinstance(made_by, dict) and made_by.get("type") == "import":
        return str(made_by.get("verify", "no"))
    return None


def sampled_by_another_engine(rollouts: Artifact) -> bool:
    """Whether another engine than the one that scores and trains sampled the rollouts.

    So did whatever a user put in place of the stage. Reference responses were sampled by
    nobody: their log-probabilities are the trainer's own.
    """
    if "implementation" in rollouts.manifest.config:
        return True
    engine = rollouts.manifest.config.get("engine")
    sampled = rollouts.manifest.config.get("responses") != "reference"
    ours = {built_in_name(each) for each in ENGINES if each.scores}
    return sampled and isinstance(engine, dict) and engine.get("type") not in ours


def require_made_from(table: Artifact, rollouts: Artifact) -> None:
    """Refuse a table that was made from other rollouts: another draw has the same rollout ids.

    Raises:
        AlignmentError: Names the table and both rollouts.
    """
    stage, made_from = table.manifest.stage, table.manifest.inputs.get("rollouts")
    if made_from not in (None, rollouts.digest):
        raise AlignmentError(
            f"the {stage} {table.digest[:12]} are those of the rollouts {made_from[:12]}, and the "
            f"rollouts here are {rollouts.digest[:12]}: materialize {stage} again"
        )


def require_same_prompts(
    problems: Sequence[Problem],
    prompts: Sequence[EncodedPrompt],
    sampled_from: Sequence[Sequence[int]],
) -> None:
    """The prompts as encoded now must be the ones that were sampled from.

    Raises:
        AlignmentError: Names the first problem whose prompt differs.
    """
    for problem, prompt, expected in zip(problems, prompts, sampled_from, strict=True):
        if prompt.prompt_ids != expected:
            raise AlignmentError(
                f"the prompt of problem {problem.problem_id} encodes to "
                f"{len(prompt.prompt_ids)} tokens that are not the {len(expected)} sampled from: "
                "the prompt template or the tokenizer changed since; sample the rollouts again"
            )


def require_same_images(
    problems: Sequence[Problem],
    student: Sequence[EncodedPrompt],
    teacher: Sequence[EncodedPrompt | None],
) -> None:
    """The teacher must see the student's images, in as many tokens.

    Raises:
        AlignmentError: Names the first problem whose images differ.
    """
    for problem, ours, theirs in zip(problems, student, teacher, strict=True):
        if theirs is not None and theirs.image_tokens != ours.image_tokens:
            raise AlignmentError(
                f"the teacher's prompt of problem {problem.problem_id} has "
                f"{theirs.image_tokens} image tokens and the student's {ours.image_tokens}: give "
                "both models one image size"
            )


def require_room(
    divergence: StoredDivergence, completion_ids: Sequence[Sequence[int]], policy: Policy
) -> None:
    """Refuse a distribution that no disk should hold, before it is computed.

    Raises:
        ConfigError: Says how large it would be.
    """
    vocabulary = policy.model.get_output_embeddings().weight.shape[0]
    entries = min(divergence.top_k or vocabulary, vocabulary)
    size = sum(map(len, completion_ids)) * entries * _BYTES_PER_ENTRY
    if size > LARGEST_DISTRIBUTION:
        raise ConfigError(
            f"the teacher's distribution of one iteration would take {size / 2**30:.0f} GB "
            f"({entries} entries a token): set the divergence's `top_k`, for example 100"
        )
