"""The student's prompt of a problem, and the response that SFT learns."""

from collections.abc import Mapping

from rlsd_pipeline.config.experiment import ExperimentConfig
from rlsd_pipeline.config.filled_template import FilledTemplate
from rlsd_pipeline.errors import DataError
from rlsd_pipeline.models.policy import EncodedPrompt, Policy
from rlsd_pipeline.privileged.solution import require_solution
from schemas import Problem


def student_text(experiment: ExperimentConfig, problem: Problem) -> FilledTemplate:
    """The policy's prompt."""
    return experiment.prompts.fill(experiment.prompts.student, question=problem.question)


def student_prompt(experiment: ExperimentConfig, policy: Policy, problem: Problem) -> EncodedPrompt:
    """The plain context x."""
    return encode(policy, problem, student_text(experiment, problem), experiment.prompts.system)


def encode(policy: Policy, problem: Problem, text: str, system: str | None) -> EncodedPrompt:
    """Encode the prompt of a problem, with its images.

    Raises:
        DataError: The model cannot read the prompt; names the problem.
        ModelError: The model takes no images, or no system message.
    """
    try:
        return policy.encode(text, problem.images, system)
    except DataError as error:
        raise DataError(f"problem {problem.problem_id}: {error}") from error


def require_budget(prompts: Mapping[str, EncodedPrompt], limit: int, whose: str) -> None:
    """Refuse prompts that are too long.

    Args:
        prompts: Problem id -> its prompt.
        limit: In tokens, those of the images included.
        whose: What sets the limit, for the message.

    Raises:
        DataError: A prompt is longer than the limit.
    """
    for problem_id, prompt in prompts.items():
        if len(prompt.prompt_ids) > limit:
            raise DataError(
                f"the prompt of problem {problem_id} has {len(prompt.prompt_ids)} tokens, "
                f"max_prompt_tokens {whose} is {limit}: use smaller images, raise the limit or "
                "drop the problem; it is never cut, since a cut could take away image tokens"
            )


def reference_response(experiment: ExperimentConfig, problem: Problem) -> FilledTemplate:
    """The response of the data set.

    Raises:
        DataError: The problem has no reference solution.
    """
    prompts = experiment.prompts
    return prompts.fill(
        prompts.reference_response,
        solution=require_solution(problem, "SFT learns it"),
        answer=problem.answer,
    )
