"""The recording of one seed of a method, and the result of a decision about a property."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from scipy import stats

from schemas import Interval


@dataclass(frozen=True)
class Evaluation:
    """A score on held-out questions.

    Attributes:
        updates: Optimizer updates since the base, which is 0.
        score: Mean over the questions, in [0, 1], with its interval.
        questions: Number of questions.
        confidence: Coverage of that interval.
    """

    updates: int
    score: Interval
    questions: int
    confidence: float = 0.95

    @property
    def standard_error(self) -> float:
        """Half the interval's width by the normal quantile of its coverage."""
        return (self.score.high - self.score.low) / (
            2 * float(stats.norm.ppf((1 + self.confidence) / 2))
        )


@dataclass(frozen=True)
class LeakCount:
    """Responses that leaked, out of how many."""

    leaked: int
    responses: int


@dataclass(frozen=True)
class RunRecording:
    """One arm of a method: a training with one seed.

    Attributes:
        arm: Its name, such as `rlsd-s0`.
        objective: Loss, objective or gradient norm (before clipping) by iteration.
        divergence: On-policy distance to the teacher by iteration, such as `k3_per_token`; never
            negative. Empty where none was recorded.
        evaluations: In any order; the base is the one at 0 updates.
        leak_start: Leaks of the base policy, None where not counted.
        leak_end: Leaks of the last policy on the same problems, None where not counted.
    """

    arm: str
    objective: Sequence[float] = ()
    divergence: Sequence[float] = ()
    evaluations: Sequence[Evaluation] = ()
    leak_start: LeakCount | None = None
    leak_end: LeakCount | None = None


@dataclass(frozen=True)
class SeedOutcome:
    """The decision of one seed.

    Attributes:
        arm: The seed's arm.
        holds: Whether the property holds for it; None if that cannot be told.
        evidence: The numbers behind it; empty if nothing could be measured.
        reason: Why it holds, fails or cannot be told.
    """

    arm: str
    holds: bool | None
    reason: str
    evidence: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class PropertyResult:
    """The decision over all seeds of a method.

    Attributes:
        name: Name of the property.
        holds: True, False, or None if that cannot be told.
        definition: What was decided, with the thresholds that were used.
        seeds: The outcome of each seed.
        pooled: Numbers over all seeds with their intervals; empty if nothing could be measured.
    """

    name: str
    holds: bool | None
    definition: str
    seeds: tuple[SeedOutcome, ...]
    pooled: Mapping[str, Interval]


def decide(seeds: Sequence[SeedOutcome], pooled: bool | None) -> bool | None:
    """One no is a no; a yes needs every seed measured, and the pooled interval to say so."""
    if pooled is False or any(seed.holds is False for seed in seeds):
        return False
    measured = bool(seeds) and all(seed.evidence for seed in seeds)
    return True if pooled and measured else None


def seed_level(recordings: Sequence[RunRecording], confidence: float) -> float:
    """The level of one seed's tests, so that all seeds together keep to 1 - confidence.

    Raises:
        ValueError: There is no recording.
    """
    if not recordings:
        raise ValueError("no recordings: pass one for each seed of the method")
    return (1 - confidence) / len(recordings)
