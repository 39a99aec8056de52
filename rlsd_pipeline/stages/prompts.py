"""A problem as the student sees it, and as the teacher does: same images, one more reference."""

from rlsd_pipeline.config.experiment import ExperimentConfig
from rlsd_pipeline.errors import DataError
from rlsd_pipeline.models.policy import EncodedPrompt, Policy
from schemas import Problem


def student_prompt(experiment: ExperimentConfig, policy: Policy, problem: Problem) -> EncodedPrompt:
    """The plain context x."""
    prompts = experiment.prompts
    text = prompts.student.replace("{question}", problem.question)
    return policy.encode(text, problem.images, prompts.system)


def teacher_prompt(experiment: ExperimentConfig, policy: Policy, problem: Problem) -> EncodedPrompt:
    """The privileged context (x, r).

    Raises:
        DataError: The teacher is to see a reference solution and the problem has none.
    """
    prompts = experiment.prompts
    if experiment.privileged == "none":
        return student_prompt(experiment, policy, problem)
    if experiment.privileged == "solution" and problem.solution is None:
        raise DataError(
            f"problem {problem.problem_id} has no reference solution, and `privileged: solution` "
            "shows one to the teacher: add `solution` to the data, or use `privileged: answer`"
        )
    template = {
        "answer": prompts.answer_reference,
        "solution": prompts.solution_reference,
    }[experiment.privileged]
    text = prompts.fill(template, problem.question, problem.answer, problem.solution)
    return policy.encode(text, problem.images, prompts.system)
