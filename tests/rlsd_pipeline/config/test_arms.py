"""Arms: their names, methods, teachers and what these see."""

import pytest

from rlsd_pipeline.advantages.centred import Centred
from rlsd_pipeline.advantages.leave_one_out import LeaveOneOut
from rlsd_pipeline.advantages.none import NoBaseline
from rlsd_pipeline.advantages.standardised import Standardised
from rlsd_pipeline.config.experiment import ExperimentConfig
from rlsd_pipeline.config.strict import validate
from rlsd_pipeline.config.teacher import (
    EMATeacher,
    FrozenTeacher,
    LiveTeacher,
    ModelTeacher,
    SyncedTeacher,
)
from rlsd_pipeline.config.update import UpdateConfig
from rlsd_pipeline.credit.identity import credit_identity
from rlsd_pipeline.errors import ConfigError
from rlsd_pipeline.weighting.grpo import GRPO
from rlsd_pipeline.weighting.sft import SFT
from tests.rlsd_pipeline.config.refused import ARMS, message


def test_two_arms_of_one_name() -> None:
    both = [{"weighting": {"type": "rlsd"}}, {"weighting": {"type": "rlsd", "clip": 0.4}}]
    assert "two arms are called 'rlsd': give one of them another `name`" in message(arms=both)
    both[1]["name"] = "rlsd-wide"
    experiment = ExperimentConfig.model_validate({"arms": both})
    assert list(experiment.lineages()) == ["rlsd-s0", "rlsd-wide-s0"]


@pytest.mark.parametrize("name", ["RLSD", "a/b", "a b", "-a", "é"])
def test_arm_names_that_cannot_be_part_of_a_path(name: str) -> None:
    assert "must match" in message(arms=[{"name": name, "weighting": {"type": "grpo"}}])


def test_lineages_take_the_arms_own_teacher_and_update() -> None:
    experiment = ExperimentConfig.model_validate(
        {
            "arms": [
                {"weighting": {"type": "grpo"}, "seeds": [3, 1]},
                {
                    "name": "live",
                    "weighting": {"type": "rlsd"},
                    "teacher": {"type": "live"},
                    "update": {"learning_rate": 0.5},
                },
            ]
        }
    )
    lineages = experiment.lineages()
    assert list(lineages) == ["grpo-s3", "grpo-s1", "live-s0"]
    assert [arm.seed for arm in lineages.values()] == [3, 1, 0]
    assert lineages["grpo-s3"].weighting == GRPO()
    assert lineages["grpo-s3"].teacher == SyncedTeacher(every=10)
    assert lineages["grpo-s3"].update == UpdateConfig()
    assert lineages["live-s0"].teacher == LiveTeacher()
    assert lineages["live-s0"].update.learning_rate == 0.5


def test_teachers_iteration() -> None:
    assert [LiveTeacher().iteration(k) for k in range(4)] == [0, 1, 2, 3]
    assert [FrozenTeacher().iteration(k) for k in range(4)] == [0, 0, 0, 0]
    assert [SyncedTeacher(every=3).iteration(k) for k in range(8)] == [0, 0, 0, 3, 3, 3, 6, 6]


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ({"type": "ema", "rate": 0.5}, EMATeacher(rate=0.5)),
        ({"type": "ema"}, EMATeacher(rate=0.05)),
        ({"type": "frozen"}, FrozenTeacher()),
    ],
)
def test_a_declared_teacher(declared: dict, expected: object) -> None:
    experiment = ExperimentConfig.model_validate({"arms": ARMS, "teacher": declared})
    assert experiment.lineages()["grpo-s0"].teacher == expected


@pytest.mark.parametrize("rate", [0, -0.1, 1.1])
def test_a_moving_average_moves(rate: float) -> None:
    assert "attributes.teacher.rate" in message(teacher={"type": "ema", "rate": rate})


def privileged(**arm: object) -> str:
    """What the one arm's teacher sees where the experiment says `solution`."""
    data = {"arms": [{"name": "a", **arm}], "privileged": "solution"}
    return ExperimentConfig.model_validate(data).lineages()["a-s0"].privileged.type


def test_what_the_teacher_sees() -> None:
    """The arm's word, then the method's own, then the experiment's."""
    assert privileged(weighting={"type": "rlsd"}) == "solution"
    assert privileged(weighting={"type": "sdpo"}) == "sibling"
    assert privileged(weighting={"type": "sdpo"}, privileged="feedback") == "feedback"
    assert privileged(weighting={"type": "rlsd"}, privileged="none") == "none"
    other = {"type": "model", "model": {"type": "pretrained", "name": "x"}}
    assert privileged(weighting={"type": "opd"}, teacher=other) == "none"


def test_rewards_count_for_the_teacher_only_where_it_is_shown_what_they_decide() -> None:
    reads = {}
    for method in ("rlsd", "grpo"):
        for shown in ("answer", "solution", "sibling", "feedback", "none"):
            arm = {"name": "a", "weighting": {"type": method}, "privileged": shown}
            lineages = ExperimentConfig.model_validate({"arms": [arm]}).lineages()
            reads[method, shown] = lineages["a-s0"].teacher_reads_rewards
    assert {place for place, needed in reads.items() if needed} == {
        ("rlsd", "sibling"),
        ("rlsd", "feedback"),
    }


@pytest.mark.parametrize("teacher", [None, {"type": "live"}, {"type": "frozen"}])
def test_opd_needs_another_model(teacher: dict | None) -> None:
    found = message(arms=[{"weighting": {"type": "opd"}, "teacher": teacher}])
    assert "`opd` distils another model: give the arm `teacher: {type: model" in found
    other = ModelTeacher.model_validate({"model": {"type": "pretrained", "name": "x"}})
    declared = [{"weighting": {"type": "opd"}, "teacher": other.model_dump()}]
    assert ExperimentConfig.model_validate({"arms": declared}).lineages()["opd-s0"].teacher == other


def test_settings_of_a_method_are_checked() -> None:
    weighting = {"type": "opsd", "divergence": {"type": "jsd", "beta": 1.0}}
    found = message(arms=[{"weighting": weighting}])
    assert "attributes.arms[0].weighting.divergence.beta: input should be less than 1" in found
    weighting = {"type": "opsd", "divergence": {"type": "forward", "top_k": 5}}
    found = message(arms=[{"weighting": weighting}])
    assert "unknown type 'forward'; did you mean 'forward_kl'?" in found
    weighting = {"type": "opsd", "divergence": {"type": "sampled", "top_k": 5}}
    assert "divergence.top_k: unknown key" in message(arms=[{"weighting": weighting}])


def test_a_seed_named_twice() -> None:
    with pytest.raises(ConfigError, match="a seed is named twice"):
        validate(
            ExperimentConfig,
            {"arms": [{"weighting": {"type": "grpo"}, "seeds": [0, 1, 0]}]},
            source="x.yaml",
        )


def test_every_arm_has_an_advantage_estimator() -> None:
    """The experiment's, its own, or the one that GRPO names among its settings."""
    experiment = ExperimentConfig.model_validate(
        {
            "advantages": {"type": "leave_one_out"},
            "arms": [
                {"weighting": {"type": "grpo"}},
                {"name": "dr_grpo", "weighting": {"type": "grpo", "advantages": "centred"}},
                {"weighting": {"type": "rlsd"}, "advantages": {"type": "none"}},
            ],
        }
    )
    found = [arm.advantages for arm in experiment.lineages().values()]
    assert found == [LeaveOneOut(), Centred(), NoBaseline()]
    plain = ExperimentConfig.model_validate({"arms": ARMS})
    assert plain.lineages()["grpo-s0"].advantages == Standardised()


def test_advantages_that_stand_twice_or_nowhere() -> None:
    twice = {
        "weighting": {"type": "grpo", "advantages": "centred"},
        "advantages": {"type": "centred"},
    }
    assert "is declared both beside `weighting` and in it" in message(arms=[twice])
    unknown = {"weighting": {"type": "rlsd"}, "advantages": {"type": "centered"}}
    assert "unknown type 'centered'; did you mean 'centred'?" in message(arms=[unknown])


def test_the_credit_of_grpo_is_identified_as_before_it_had_a_choice() -> None:
    assert credit_identity(GRPO(), Standardised()) == {
        "weighting": {"type": "grpo", "advantages": "standardised"}
    }
    assert credit_identity(GRPO(), Centred()) == {
        "weighting": {"type": "grpo", "advantages": "centred"}
    }
    assert credit_identity(SFT(), Standardised()) == {
        "weighting": {"type": "sft", "learns_from": "reference"}
    }
    assert credit_identity(SFT(), Centred())["advantages"] == {"type": "centred"}
