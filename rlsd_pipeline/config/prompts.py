"""The prompt templates of the student, and of the teacher that also sees a reference."""

from typing import Annotated

from pydantic import Field, model_validator

from rlsd_pipeline.config.filled_template import FilledTemplate
from rlsd_pipeline.config.strict import StrictConfig

_CUE_REFERENCE = (
    "{question}\n\nA hint at what to look at: {cue}\n\nReason step by step between <think> and "
    "</think>, then give the final answer alone between <answer> and </answer>."
)


class PromptsConfig(StrictConfig):
    """Templates; `{question}`, `{answer}` and `{solution}` stand for the problem's fields.

    `{sibling}` is what follows the thinking in a response of the same group, without format tags;
    `{feedback}` is the verdict, `{cue}` a visual hint. Images stand before the text, or where a
    template or the question says `<image>`. The model's control tokens may be written in a
    template; in what is put into its fields they are plain text.
    """

    system: str | None = None
    """System message of every prompt; a model whose chat template has none is refused."""

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

    sibling_reference: str = (
        "{question}\n\nAn earlier attempt that was right: {sibling}\n\nWork the problem out in "
        "your own way. Reason step by step between <think> and </think>, then give the final "
        "answer alone between <answer> and </answer>."
    )
    """What a teacher is asked that sees a successful response of the same group."""

    feedback_reference: str = (
        "{question}\n\nFeedback on an earlier attempt: {feedback}\n\nReason step by step between "
        "<think> and </think>, then give the final answer alone between <answer> and </answer>."
    )
    """What a teacher is asked that sees the verifier's verdict on the response."""

    cue_reference: Annotated[str, Field(exclude_if=lambda text: text == _CUE_REFERENCE)] = (
        _CUE_REFERENCE
    )
    """What a teacher is asked that is told a visual cue."""

    reference_response: str = "<think>{solution}</think><answer>{answer}</answer>"
    """The response that SFT learns, from the reference solution."""

    @model_validator(mode="after")
    def _templates_hold_their_fields(self) -> "PromptsConfig":
        for name, needed in _NEEDED.items():
            template = getattr(self, name)
            missing = [field for field in needed if field not in template]
            if missing:
                raise ValueError(f"the template `{name}` lacks {' and '.join(missing)}")
            allowed = (*needed, *_ALSO.get(name, ()))
            strange = [field for field in _FIELDS if field in template and field not in allowed]
            if strange and name == "student":
                raise ValueError(
                    f"the student's template holds {strange[0]}, which only a teacher sees"
                )
            if strange:
                raise ValueError(
                    f"the template `{name}` holds {strange[0]}, and is filled with "
                    f"{', '.join(allowed)} alone"
                )
        return self

    @staticmethod
    def fill(template: str, **fields: str) -> FilledTemplate:
        """Put values into a template; text inside the values is never a template itself."""
        return FilledTemplate.fill(template, fields)


_NEEDED = {
    "student": ("{question}",),
    "answer_reference": ("{question}", "{answer}"),
    "solution_reference": ("{question}", "{solution}"),
    "sibling_reference": ("{question}", "{sibling}"),
    "feedback_reference": ("{question}", "{feedback}"),
    "cue_reference": ("{question}", "{cue}"),
    "reference_response": ("{solution}", "{answer}"),
}
_FIELDS = ("{question}", "{answer}", "{solution}", "{sibling}", "{feedback}", "{cue}")
_ALSO = {"solution_reference": ("{answer}",)}
