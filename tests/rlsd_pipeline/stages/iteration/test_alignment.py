"""What must hold before tokens are scored, on prompts made by hand."""

import pytest

from rlsd_pipeline.errors import AlignmentError
from rlsd_pipeline.models.policy import EncodedPrompt
from rlsd_pipeline.stages.iteration.alignment import require_same_images, require_same_prompts
from schemas import Problem

PROBLEMS = [
    Problem.model_validate({**Problem.example, "problem_id": name}) for name in ("first", "second")
]


def prompt(ids: list[int], images: int = 0) -> EncodedPrompt:
    """A prompt with so many tokens of images."""
    return EncodedPrompt(ids, image_tokens=images)


def test_the_sampled_prompts_pass() -> None:
    prompts = [prompt([1, 2]), prompt([3])]
    require_same_prompts(PROBLEMS, prompts, [[1, 2], [3]])


@pytest.mark.parametrize("sampled_from", [[3, 4], [4], []])
def test_another_prompt_than_the_sampled_one(sampled_from: list[int]) -> None:
    prompts = [prompt([1, 2]), prompt([3])]
    with pytest.raises(AlignmentError) as error:
        require_same_prompts(PROBLEMS, prompts, [[1, 2], sampled_from])
    assert str(error.value).startswith(
        "the prompt of problem second encodes to 1 tokens that are not the "
        f"{len(sampled_from)} sampled from"
    )


def test_a_longer_prompt_with_the_same_images_passes() -> None:
    """And so does a rollout for which the teacher is shown nothing."""
    student = [prompt([5, 5, 1], images=2), prompt([5, 1], images=1)]
    require_same_images(PROBLEMS, student, [prompt([5, 5, 1, 7, 8], images=2), None])


@pytest.mark.parametrize("images", [0, 1, 3])
def test_images_in_another_number_of_tokens(images: int) -> None:
    """Such as a teacher whose processor has another size, or a prompt that lost some."""
    student = [prompt([1]), prompt([5, 5, 1], images=2)]
    with pytest.raises(AlignmentError) as error:
        require_same_images(PROBLEMS, student, [prompt([1, 2]), prompt([5] * 4, images=images)])
    assert str(error.value) == (
        f"the teacher's prompt of problem second has {images} image tokens and the student's 2: "
        "give both models one image size"
    )
