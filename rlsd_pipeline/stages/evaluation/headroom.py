"""headroom: the oracle's gain over GRPO, and the share of it that other methods reach."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

from rlsd_pipeline.config.experiment import ExperimentConfig
from rlsd_pipeline.stages.evaluation.learning import Learning, Learnt, by_seed, read_learning
from rlsd_pipeline.stages.evaluation.policy_evaluation import read_scores
from rlsd_pipeline.stages.workspace import Workspace
from rlsd_pipeline.statistics.intervals import SEEDS_REASON, paired_difference
from rlsd_pipeline.statistics.shares import share_of_gain
from rlsd_pipeline.weighting.grpo import GRPO
from rlsd_pipeline.weighting.vine import Vine
from schemas import Interval, ScoreDifference

UNDECLARED = (
    "The headroom for better credit is not known here: declare arms of `grpo` and "
    "`weighting: {type: vine}` over the same seeds; the latter trains with measured credit. "
    "`rlsd plan` prints the cost, and `rlsd train` trains both."
)

EQUAL_SHARE = 0.5
"""Share of the headroom within which a method counts as equal to GRPO."""

MEANING = (
    "Area: mean height of the curve over the updates; end: its last tenth. Headroom: the oracle, "
    "which trains with measured credit, minus GRPO, paired over seeds (Student's t). Equal within: "
    "the smallest margin that two one-sided tests confirm (TOST). Decided: better or worse if "
    "the interval, which is not corrected, excludes 0; else equal if that margin is at most half "
    "of a headroom whose own interval excludes 0; else open. Share: a method's gain over GRPO "
    "divided by the oracle's, with Fieller's interval, which is unbounded if the headroom itself "
    "may be 0. "
    f"{SEEDS_REASON}."
)


Decision = Literal["better", "worse", "equal", "open"]


class Reached(NamedTuple):
    """The gain of one method and its share of the headroom.

    Attributes:
        method: Its name.
        seeds: Over how many.
        gain: Minus GRPO, paired over seeds.
        margin: It is GRPO's equal within this.
        share: Share of the oracle's gain; None where no seed has all three.
        decided: Better, worse, equal within half of the headroom, or open.
    """

    method: str
    seeds: int
    gain: ScoreDifference
    margin: float
    share: Interval | None
    decided: Decision


class Headroom(NamedTuple):
    """The headroom by one number.

    Attributes:
        quantity: The training reward, or the accuracy on a benchmark.
        measure: `area` or `end`.
        compared: Name of the GRPO arm.
        oracle: Name of the oracle's.
        seeds: Over how many.
        gain: The oracle minus GRPO, paired over seeds.
        others: Every other method.
    """

    quantity: str
    measure: str
    compared: str
    oracle: str
    seeds: int
    gain: ScoreDifference
    others: tuple[Reached, ...]


def read_headroom(workspace: Workspace) -> list[Headroom]:
    """The headroom by area and end of each quantity; empty where no oracle is declared."""
    if oracle_and_grpo(workspace.experiment) is None:
        return []
    return headrooms(workspace.experiment, read_learning(workspace, read_scores(workspace)))


def headrooms(experiment: ExperimentConfig, learnt: Mapping[str, Learning]) -> list[Headroom]:
    """The headroom by area and end of each quantity; empty where no oracle is declared.

    Args:
        experiment: Declares the oracle, and what it is compared with.
        learnt: From `read_learning`.
    """
    ends = oracle_and_grpo(experiment)
    if ends is None:
        return []
    confidence = experiment.evaluation.confidence
    found = [
        headroom(quantity, measure, learning, ends, confidence)
        for quantity, learning in learnt.items()
        for measure in Learnt._fields
    ]
    return [one for one in found if one is not None]


def how_to_know(experiment: ExperimentConfig) -> str:
    """What makes the headroom known where `headrooms` finds none.

    Args:
        experiment: Whose headroom.
    """
    ends = oracle_and_grpo(experiment)
    if ends is None:
        return UNDECLARED
    oracle, grpo = ends
    return (
        f"The headroom for better credit is not known yet: no seed of `{grpo}` and `{oracle}`, "
        "which trains with measured credit, is trained. `rlsd plan` prints the cost, and "
        "`rlsd train` trains both."
    )


def oracle_and_grpo(experiment: ExperimentConfig) -> tuple[str, str] | None:
    """Names of the first oracle and of the first GRPO arm; None where one is not declared."""
    arms = {name: of[0].weighting for name, of in experiment.methods().items()}
    oracle = next((name for name, weighting in arms.items() if isinstance(weighting, Vine)), None)
    grpo = next((name for name, weighting in arms.items() if isinstance(weighting, GRPO)), None)
    return None if oracle is None or grpo is None else (oracle, grpo)


def headroom(
    quantity: str, measure: str, learning: Learning, ends: tuple[str, str], confidence: float
) -> Headroom | None:
    """The headroom by one number; None where oracle and GRPO share no seed.

    Args:
        quantity: What was learnt.
        measure: A field of `Learnt`.
        learning: What each training learnt.
        ends: Names of the oracle and of GRPO.
        confidence: Confidence of the intervals.
    """
    oracle, grpo = ends
    values = by_seed(learning, measure)
    whole = gains(values, oracle, grpo)
    if not whole:
        return None
    others, room = [], _paired(whole, confidence)
    for method in values:
        part = gains(values, method, grpo) if method not in ends else {}
        if part:
            shared = sorted(part.keys() & whole.keys())
            parts, wholes = ([of[seed] for seed in shared] for of in (part, whole))
            share = share_of_gain(parts, wholes, confidence) if shared else None
            gain, margin = _paired(part, confidence), equal_within(part, confidence)
            reached = decide(gain, margin, room)
            others.append(Reached(method, len(part), gain, margin, share, reached))
    return Headroom(quantity, measure, grpo, oracle, len(whole), room, tuple(others))


def decide(gain: ScoreDifference, margin: float, room: ScoreDifference) -> Decision:
    """Decide a method: better, worse, equal or open.

    Args:
        gain: Minus GRPO.
        margin: It is GRPO's equal within this.
        room: The oracle minus GRPO.
    """
    if gain.low > 0:
        return "better"
    if gain.high < 0:
        return "worse"
    return "equal" if room.low > 0 and margin <= EQUAL_SHARE * room.value else "open"


def gains(
    values: Mapping[str, Mapping[int, float]], method: str, compared: str
) -> dict[int, float]:
    """Seed -> a method's value minus that of another, of the seeds that both have."""
    first, second = values.get(compared, {}), values.get(method, {})
    return {seed: second[seed] - first[seed] for seed in second if seed in first}


def equal_within(gain: Mapping[int, float], confidence: float) -> float:
    """The smallest margin within which differences by seed are shown to be 0 in the mean.

    Two one-sided tests at the level 1 - confidence reject every larger one: it is the farther end
    of the interval of confidence 2 c - 1 (Schuirmann 1987).
    """
    found = _paired(gain, 2 * confidence - 1)
    return max(-found.low, found.high)


def _paired(gain: Mapping[int, float], confidence: float) -> ScoreDifference:
    return paired_difference([0.0] * len(gain), list(gain.values()), confidence)
