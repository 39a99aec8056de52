"""Images whose places nobody knows are refused with their problem, before anything is sampled."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rlsd_pipeline.errors import DataError
from rlsd_pipeline.models.policy import Policy
from rlsd_pipeline.stages.iteration.problems import ProblemsStage
from rlsd_pipeline.stages.iteration.prompts import encode, student_prompt
from rlsd_pipeline.stages.workspace import Workspace
from schemas import Problem

Open = Callable[..., Workspace]
Rows = Callable[..., dict[str, Any]]


@pytest.fixture
def rows(tmp_path: Path, png: Callable[..., bytes]) -> Rows:
    """Declares a JSONL file: id, question and number of images of each row."""

    def rows(*given: tuple[str, str, int]) -> dict[str, Any]:
        (tmp_path / "a.png").write_bytes(png())
        lines = [
            {"id": name, "question": question, "answer": "yes", "images": ["a.png"] * images}
            for name, question, images in given
        ]
        (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, lines)))
        return {
            "dataset": {"type": "jsonl", "path": str(tmp_path / "a.jsonl")},
            "model": {"type": "pretrained", "name": str(tmp_path)},
        }

    return rows


GOOD = [
    ("first", "<image> and <image>?", 2),
    ("plain", "alike?", 2),
    ("text", "how many?", 0),
]


def test_a_count_that_fits_is_read(rows: Rows, tmp_path: Path, workspace_at: Open) -> None:
    workspace = workspace_at(tmp_path / "store", **rows(*GOOD))
    known = workspace.problems(workspace.whole().make(ProblemsStage))
    assert known["first"].question == "<image> and <image>?"


def test_a_count_that_does_not_fit_is_refused_with_the_id(
    rows: Rows, tmp_path: Path, workspace_at: Open
) -> None:
    bad = [("q7", "<image> and <image>: are they alike?", 1), ("q8", "what does <image> mean?", 0)]
    workspace = workspace_at(tmp_path / "store", **rows(*GOOD, *bad))
    with pytest.raises(DataError) as error:
        workspace.whole().make(ProblemsStage)
    assert str(error.value) == (
        "2 of 5 problems do not have one <image> for each image in question and template, first "
        "q7 (2 in `student`, images: 1), q8 (1 in `student`, images: 0): write <image> once for "
        "each image, or leave it out to put the images before the question"
    )
    assert workspace.store.ref("small/problems") is None


@pytest.mark.parametrize("template", ["student", "answer_reference"])
def test_tags_of_a_template_count_as_well(
    rows: Rows, tmp_path: Path, workspace_at: Open, template: str
) -> None:
    declared = rows(("one", "what?", 1), ("two", "alike?", 2), ("three", "what?", 1))
    plain = workspace_at(tmp_path / "store", **declared)
    plain.whole().make(ProblemsStage)
    prompts = {"student": "{question}", "answer_reference": "{question} {answer}"}
    prompts[template] = "<image>\n" + prompts[template]
    tagged = workspace_at(tmp_path / "store", **declared, prompts=prompts)
    # What is refused depends on the template, so what was read before it does not answer for it.
    assert _fingerprint(tagged) != _fingerprint(plain)
    with pytest.raises(DataError, match=rf"1 of 3 .* first two \(1 in `{template}`, images: 2\)"):
        tagged.whole().make(ProblemsStage)


def test_what_a_model_cannot_read_names_the_problem(vision_policy: Policy) -> None:
    problem = Problem.model_validate({**Problem.example, "problem_id": "q7", "images": [b"gone"]})
    with pytest.raises(DataError, match=r"^problem q7: "):
        encode(vision_policy, problem, "what?", None)


def test_the_students_prompt_has_its_images_in_place(
    rows: Rows, tmp_path: Path, workspace_at: Open, vision_policy: Policy
) -> None:
    workspace = workspace_at(tmp_path / "store", **rows(*GOOD))
    known = workspace.problems(workspace.whole().make(ProblemsStage))
    prompt = student_prompt(workspace.experiment, vision_policy, known["first"])
    image = "<|vision_start|>" + "<|image_pad|>" * 16 + "<|vision_end|>"
    assert f"user\n{image} and {image}?<|im_end|>" in vision_policy.tokenizer.decode(
        prompt.prompt_ids
    )


def _fingerprint(workspace: Workspace) -> str:
    return ProblemsStage().request(workspace.whole()).fingerprint
