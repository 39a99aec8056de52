"""The headroom as a table of the results."""

from rlsd_pipeline.config.experiment import ExperimentConfig
from rlsd_pipeline.stages.evaluation.headroom import headroom, how_to_know
from rlsd_pipeline.stages.evaluation.learning import Learnt
from rlsd_pipeline.tables.documents import latex, markdown
from rlsd_pipeline.tables.headroom import headroom_table
from tests.small_experiment import ATTRIBUTES

SMALL = ExperimentConfig.model_validate(ATTRIBUTES)
LEARNING = {
    "grpo": {0: Learnt(0.5, 0.6), 1: Learnt(0.6, 0.7), 2: Learnt(0.4, 0.5)},
    "rlsd": {0: Learnt(0.6, 0.6), 1: Learnt(0.75, 0.7), 2: Learnt(0.525, 0.5)},
    "vine": {0: Learnt(0.7, 0.7), 1: Learnt(0.9, 0.7), 2: Learnt(0.65, 0.4)},
}


def test_without_a_headroom_it_says_how_to_have_one() -> None:
    table = headroom_table([], SMALL)
    assert markdown([table]) == f"**headroom**\n\n- {how_to_know(SMALL)}"
    assert "tabular" not in latex([table])


def test_it_is_a_table_of_the_results() -> None:
    found = headroom("accuracy: greedy", "area", LEARNING, ("vine", "grpo"), 0.95)
    assert found is not None
    table = headroom_table([found], SMALL)
    of = "accuracy: greedy, area"
    assert table.heads == [
        *("of", "method", "minus grpo", "p", "decided", "equal within", "share", "seeds")
    ]
    # .1, .15 and .125 for rlsd: 2.920 standard errors of .0144 are the half of its 90 % interval.
    assert table.texts("") == [
        [of, "vine", "+0.250 [+0.126, +0.374]", "0.013", "", "", "1", "3"],
        [
            *(of, "rlsd", "+0.125 [+0.063, +0.187]", "0.013", "better", "0.167"),
            *("0.500 [0.500, 0.500]", "3"),
        ],
    ]


def test_one_seed_shows_nothing_equal() -> None:
    one = {method: {0: seeds[0]} for method, seeds in LEARNING.items()}
    found = headroom("accuracy: greedy", "area", one, ("vine", "grpo"), 0.95)
    assert found is not None
    assert headroom_table([found], SMALL).texts("")[1][4:6] == ["open", "1.000"]


def test_arms_that_are_declared_are_to_be_trained_and_others_to_be_declared() -> None:
    grpo, vine = {"weighting": {"type": "grpo"}}, {"weighting": {"type": "vine"}}
    both = ExperimentConfig.model_validate(ATTRIBUTES | {"arms": [grpo, vine]})
    assert "no seed of `grpo` and `vine`" in how_to_know(both)
    assert "rlsd train" in how_to_know(both)
    alone = ExperimentConfig.model_validate(ATTRIBUTES | {"arms": [grpo]})
    assert "declare arms of `grpo`" in how_to_know(alone)
