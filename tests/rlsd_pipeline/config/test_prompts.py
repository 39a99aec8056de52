import pytest

from rlsd_pipeline.config.prompts import PromptsConfig
from rlsd_pipeline.config.strict import validate
from rlsd_pipeline.errors import ConfigError


def message(**changes: str) -> str:
    with pytest.raises(ConfigError) as error:
        validate(PromptsConfig, changes, source="defs.yaml", path="prompts")
    return str(error.value)


def test_fill() -> None:
    template = "{question} ({answer}) because {solution}; again: {question}"
    fields = {"question": "Q?", "answer": "A", "solution": "S"}
    assert PromptsConfig.fill(template, **fields) == "Q? (A) because S; again: Q?"
    assert PromptsConfig.fill("no fields { } {other}", **fields) == "no fields { } {other}"
    assert PromptsConfig.fill("", **fields) == ""
    assert PromptsConfig.fill("{question} {answer}", question="Q?") == "Q? {answer}"


def test_text_inside_a_field_is_no_template() -> None:
    filled = PromptsConfig.fill(
        "{question}|{answer}|{solution}",
        question="write {answer} and {solution}",
        answer="{question}{solution}",
        solution="{answer}{question}",
    )
    assert filled == "write {answer} and {solution}|{question}{solution}|{answer}{question}"


@pytest.mark.parametrize("field", ["answer", "solution", "sibling", "feedback"])
def test_a_student_that_sees_the_reference_is_refused(field: str) -> None:
    found = message(student=f"{{question}} hint: {{{field}}}")
    assert f"the student's template holds {{{field}}}, which only a teacher sees" in found


@pytest.mark.parametrize(
    ("template", "text", "missing"),
    [
        ("student", "What?", "{question}"),
        ("answer_reference", "{question}", "{answer}"),
        ("answer_reference", "{answer}", "{question}"),
        ("solution_reference", "{question} {answer}", "{solution}"),
        ("solution_reference", "nothing", "{question} and {solution}"),
        ("sibling_reference", "{question}", "{sibling}"),
        ("feedback_reference", "{feedback}", "{question}"),
        ("reference_response", "{solution}", "{answer}"),
        ("reference_response", "the answer", "{solution} and {answer}"),
    ],
)
def test_a_template_without_its_fields_is_refused(template: str, text: str, missing: str) -> None:
    assert f"the template `{template}` lacks {missing}" in message(**{template: text})


@pytest.mark.parametrize(
    ("template", "text", "strange"),
    [
        ("answer_reference", "{question} {answer} {solution}", "{solution}"),
        ("sibling_reference", "{question} {sibling} {answer}", "{answer}"),
        ("feedback_reference", "{question} {feedback} {sibling}", "{sibling}"),
        ("reference_response", "{solution} {answer} {question}", "{question}"),
    ],
)
def test_a_template_with_a_field_that_is_not_filled_is_refused(
    template: str, text: str, strange: str
) -> None:
    found = message(**{template: text})
    assert f"the template `{template}` holds {strange}, and may only hold" in found


def test_a_solution_may_stand_beside_its_answer() -> None:
    template = "{question} {solution} {answer}"
    assert PromptsConfig(solution_reference=template).solution_reference == template


def test_defaults_hold_their_fields_and_ask_for_one_format() -> None:
    prompts = PromptsConfig()
    for template in (
        prompts.student,
        prompts.answer_reference,
        prompts.solution_reference,
        prompts.sibling_reference,
        prompts.feedback_reference,
        prompts.reference_response,
    ):
        for tag in ("<think>", "</think>", "<answer>", "</answer>"):
            assert tag in template
