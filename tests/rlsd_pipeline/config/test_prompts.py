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
    assert PromptsConfig.fill(template, "Q?", "A", "S") == "Q? (A) because S; again: Q?"
    assert PromptsConfig.fill("no fields { } {other}", "Q", "A", "S") == "no fields { } {other}"
    assert PromptsConfig.fill("", "Q", "A", "S") == ""
    assert PromptsConfig.fill("[{solution}]", "Q", "A", None) == "[]"


def test_text_inside_a_field_is_no_template() -> None:
    filled = PromptsConfig.fill(
        "{question}|{answer}|{solution}",
        "write {answer} and {solution}",
        "{question}{solution}",
        "{answer}{question}",
    )
    assert filled == "write {answer} and {solution}|{question}{solution}|{answer}{question}"


@pytest.mark.parametrize("field", ["answer", "solution"])
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
    ],
)
def test_a_template_without_its_fields_is_refused(template: str, text: str, missing: str) -> None:
    assert f"the template `{template}` lacks {missing}" in message(**{template: text})


def test_defaults_hold_their_fields_and_ask_for_one_format() -> None:
    prompts = PromptsConfig()
    for template in (prompts.student, prompts.answer_reference, prompts.solution_reference):
        for tag in ("<think>", "</think>", "<answer>", "</answer>"):
            assert tag in template
