"""A privileged context is declared by its name, or by where a user's class lies."""

from collections.abc import Callable
from pathlib import Path

import pytest

from rlsd_pipeline.components.component import identity
from rlsd_pipeline.config.experiment import Arm, ExperimentConfig, load_experiment
from rlsd_pipeline.errors import ComponentError, ConfigError
from rlsd_pipeline.privileged.context import JudgedRollout
from rlsd_pipeline.privileged.kinds.sibling import Sibling
from rlsd_pipeline.privileged.shown import teacher_texts
from rlsd_pipeline.stages.iteration.image_places import image_tags
from schemas import Problem

CODE = """\
from rlsd_pipeline.privileged.context import PrivilegedContext


class Mine(PrivilegedContext):
    reads_rewards = True
    template: str = "{question} <image>"

    def template_of(self, prompts):
        return self.template

    def texts(self, prompts, rollouts):
        return STATEMENT
"""
RLSD = {"weighting": {"type": "rlsd"}}

Declare = Callable[..., Arm]


@pytest.fixture
def declare(tmp_path: Path) -> Declare:
    """The arm of an experiment with a context, written as YAML beside `context.py`."""

    def load(privileged: str, statement: str = "[None for each in rollouts]") -> Arm:
        (tmp_path / "context.py").write_text(CODE.replace("STATEMENT", statement))
        (tmp_path / "defs.yaml").write_text(
            "type: assets.component.Experiment\nattributes:\n"
            f"  privileged: {privileged}\n  arms: [weighting: {{type: rlsd}}]\n"
        )
        return load_experiment(tmp_path / "defs.yaml").lineages()["rlsd-s0"]

    return load


@pytest.mark.parametrize("declared", ["sibling", "{type: sibling}"])
def test_a_built_in_one_is_its_name(declare: Declare, declared: str) -> None:
    arm = declare(declared)
    assert arm.privileged == Sibling()
    assert identity(arm, "privileged") == {"privileged": "sibling"}
    assert arm.model_dump(mode="json")["privileged"] == "sibling"


@pytest.mark.parametrize("declared", ["./context.py:Mine", "{type: './context.py:Mine'}"])
def test_one_of_a_users_own(declare: Declare, declared: str, tmp_path: Path) -> None:
    arm = declare(declared)
    assert arm.teacher_reads_rewards
    found = identity(arm, "privileged")["privileged"]
    assert (found["type"], found["template"]) == ("context.py:Mine", "{question} <image>")
    assert Arm.model_validate_json(arm.model_dump_json()) == arm
    experiment = load_experiment(tmp_path / "defs.yaml")
    assert image_tags(experiment) == {"student": 0, "context.py:Mine: {question} <image>": 1}


def test_an_unknown_name_has_the_nearest_one(declare: Declare) -> None:
    with pytest.raises(ConfigError, match=r"unknown type 'siblings' .*did you mean 'sibling'"):
        declare("siblings")


def test_places_for_images_are_those_of_the_templates_that_arms_use() -> None:
    arms = [RLSD, {"weighting": {"type": "sdpo"}}, RLSD | {"name": "plain", "privileged": "none"}]
    declared = {"prompts": {"answer_reference": "<image>{question} {answer}"}, "arms": arms}
    found = image_tags(ExperimentConfig.model_validate(declared))
    assert found == {"student": 0, "answer_reference": 1, "sibling_reference": 0}


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("[]", "`texts` gave 0 texts for 2 rollouts: give one for each"),
        ("['hint', None]", "`texts` gave str: fill a template with `prompts.fill`"),
        ("rollouts[2]", r"IndexError: list index out of range \(.*context\.py, line 12\)"),
    ],
)
def test_a_fault_is_told_with_its_problem(declare: Declare, statement: str, said: str) -> None:
    arm = declare("./context.py:Mine", statement)
    problem = Problem.model_validate({**Problem.example, "problem_id": "p7"})
    judged = [JudgedRollout(problem, "x"), JudgedRollout(problem, "y")]
    prompts = ExperimentConfig.model_validate({"arms": [RLSD]}).prompts
    with pytest.raises(ComponentError) as caught:
        teacher_texts(prompts, arm.privileged, judged)
    assert str(caught.value).startswith("privileged context `context.py:Mine`, problem p7: ")
    caught.match(said)
