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
    """Prompt templates; the problem's fields replace `{question}`, `{answer}` and `{solution}`.

    `{sibling}` is the part after the thinking of a response of the same group, without format tags;
    `{feedback}` is the verdict, `{cue}` a visual hint. Images come before the text, or where a
    template or the question says `<image>`. Control tokens of the model work in a template, but are
    plain text in the values of its fields.
    """

    system: str | None = None
    """System message of every prompt; a model whose chat template has no system message is
    refused."""

    student: str = (
        "{question}\n\nReason step by step between <think> and </think>, then give the final "
        "answer alone between <answer> and </answer>."
    )
    """The policy's prompt."""

    answer_reference: str = (
        "{question}\n\nThe correct answer is known to be: {answer}\n\nWork the problem out in your "
        "own way. Reason step by step between <think> and </think>, then give the final answer "
        "alone between <answer> and </answer>."
    )
    """The prompt of a teacher that sees the final answer."""

    solution_reference: str = (
        "{question}\n\nA worked solution: {solution}\n\nWork the problem out in your own way. "
        "Reason step by step between <think> and </think>, then give the final answer alone "
        "between <answer> and </answer>."
    )
    """The prompt of a teacher that sees a reference solution."""

    sibling_reference: str = (
        "{question}\n\nAn earlier attempt that was right: {sibling}\n\nWork the problem out in "
        "your own way. Reason step by step between <think> and </think>, then give the final "
        "answer alone between <answer> and </answer>."
    )
    """The prompt of a teacher that sees a successful response of the same group."""

    feedback_reference: str = (
        "{question}\n\nFeedback on an earlier attempt: {feedback}\n\nReason step by step between "
        "<think> and </think>, then give the final answer alone between <answer> and </answer>."
    )
    """The prompt of a teacher that sees the verifier's verdict on the response."""

    cue_reference: Annotated[str, Field(exclude_if=lambda text: text == _CUE_REFERENCE)] = (
        _CUE_REFERENCE
    )
    """The prompt of a teacher that sees a visual cue."""

    reference_response: str = "<think>{solution}</think><answer>{answer}</answer>"
    """The response that SFT learns, made from the reference solution."""

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
                    f"the template `{name}` holds {strange[0]}, and may only hold "
                    f"{', '.join(allowed)}"
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
