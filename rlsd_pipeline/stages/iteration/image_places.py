"""Checks that every prompt of a data set has a place for each of its images."""

from collections.abc import Sequence

from rlsd_pipeline.config.experiment import Arm, ExperimentConfig
from rlsd_pipeline.config.filled_template import IMAGE_TAG
from rlsd_pipeline.errors import DataError
from schemas import Problem


def image_tags(experiment: ExperimentConfig) -> dict[str, int]:
    """Template of a prompt that the arms use -> how often it says `<image>` itself."""
    prompts = experiment.prompts
    templates = {"student": prompts.student}
    for arm in experiment.lineages().values():
        own = arm.privileged.template_of(prompts)
        if arm.shows_privileged and own is not None:
            templates[_name(arm, own)] = own
    return {name: templates[name].count(IMAGE_TAG) for name in templates}


def _name(arm: Arm, template: str) -> str:
    """The name of a teacher's template; two contexts of one class may have two templates."""
    if arm.privileged.origin is None:
        return f"{arm.privileged.type}_reference"
    return f"{arm.privileged.display_name}: {template}"


def require_places(experiment: ExperimentConfig, problems: Sequence[Problem]) -> None:
    """Refuse problems whose prompts do not say where their images go.

    Raises:
        DataError: A prompt holds `<image>`, but not once for each of its images.
    """
    templates = image_tags(experiment)
    wrong: list[str] = []
    for problem in problems:
        asked, images = problem.question.count(IMAGE_TAG), len(problem.images)
        for name, own in templates.items():
            if asked + own not in (0, images):
                wrong.append(f"{problem.problem_id} ({asked + own} in `{name}`, images: {images})")
                break
    if wrong:
        raise DataError(
            f"{len(wrong)} of {len(problems)} problems do not have one {IMAGE_TAG} for each image "
            f"in question and template, first {', '.join(wrong[:5])}: write {IMAGE_TAG} once for "
            "each image, or leave it out to put the images before the question"
        )
