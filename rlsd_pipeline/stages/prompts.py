"""A problem as the student sees it, and the response that SFT learns."""

from rlsd_pipeline.config.experiment import ExperimentConfig
from rlsd_pipeline.errors import DataError
from rlsd_pipeline.models.policy import EncodedPrompt, Policy
from schemas import Problem


def student_text(experiment: ExperimentConfig, problem: Problem) -> str:
    """What the policy is asked."""
    return experiment.prompts.fill(experiment.prompts.student, question=problem.question)


def student_prompt(experiment: ExperimentConfig, policy: Policy, problem: Problem) -> EncodedPrompt:
    """The plain context x."""
    text = student_text(experiment, problem)
    return policy.encode(text, problem.images, experiment.prompts.system)


def reference_response(experiment: ExperimentConfig, problem: Problem) -> str:
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


def require_solution(problem: Problem, why: str) -> str:
    """The reference solution.

    Raises:
        DataError: There is none.
    """
    if problem.solution is None:
        raise DataError(
            f"problem {problem.problem_id} has no reference solution, and {why}: add `solution` to "
            "the data, or declare another method or `privileged: answer`"
        )
    return problem.solution
