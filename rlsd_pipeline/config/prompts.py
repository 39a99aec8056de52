"""How a problem is put to the student, and to the teacher that also sees a reference."""

from pydantic import model_validator

from rlsd_pipeline.config.strict import StrictConfig


class PromptsConfig(StrictConfig):
    """Templates; `{question}`, `{answer}` and `{solution}` stand for the problem's fields."""

    system: str | None = None
    """System message of every prompt, where the model's template has one."""

    student: str = (
        "{question}\n\nReason step by step between <think> and </think>, then give the final "
        "answer alone between <answer> and </answer>."
    )
    """What the policy is asked."""

    answer_reference: str = (
        "{question}\n\nThe correct answer is known to be: {answer}\n\nWork the problem out in your "
        "own way. Reason step by step between <think> and </think>, then give the final answer "
        "alone between <answer> and </answer>."
    )
    """What a teacher is asked that sees the final answer."""

    solution_reference: str = (
        "{question}\n\nA worked solution: {solution}\n\nWork the problem out in your own way. "
        "Reason step by step between <think> and </think>, then give the final answer alone "
        "between <answer> and </answer>."
    )
    """What a teacher is asked that sees a reference solution."""

    @model_validator(mode="after")
    def _templates_hold_their_fields(self) -> "PromptsConfig":
        needed = {
            "student": ("{question}",),
            "answer_reference": ("{question}", "{answer}"),
            "solution_reference": ("{question}", "{solution}"),
        }
        for name, fields in needed.items():
            missing = [field for field in fields if field not in getattr(self, name)]
            if missing:
                raise ValueError(f"the template `{name}` lacks {' and '.join(missing)}")
        leaks = [field for field in ("{answer}", "{solution}") if field in self.student]
        if leaks:
            raise ValueError(f"the student's template holds {leaks[0]}, which only a teacher sees")
        return self

    @staticmethod
    def fill(template: str, question: str, answer: str, solution: str | None) -> str:
        """Put a problem into a template; text inside the fields is never a template itself."""
        filled = ""
        fields = {"{question}": question, "{answer}": answer, "{solution}": solution or ""}
        while template:
            position, field = min(
                ((template.find(f), f) for f in fields if f in template), default=(-1, "")
            )
            if position < 0:
                return filled + template
            filled += template[:position] + fields[field]
            template = template[position + len(field) :]
        return filled
