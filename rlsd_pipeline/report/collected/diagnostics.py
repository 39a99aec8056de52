"""Properties, dynamics, leakage and information of the recorded trainings, as small tables."""

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from rlsd_pipeline.diagnostics.divergence_curve import find_stall
from rlsd_pipeline.diagnostics.leakage.early_answer import early_answers, reasoning_of
from rlsd_pipeline.diagnostics.properties.leakage_free import leakage_free
from rlsd_pipeline.diagnostics.properties.objective_stability import objective_stability
from rlsd_pipeline.diagnostics.properties.recording import PropertyResult, RunRecording
from rlsd_pipeline.diagnostics.properties.sustained_improvement import sustained_improvement
from rlsd_pipeline.report.collected.imported import imported_logs
from rlsd_pipeline.report.collected.recordings import Moment, moments, recording
from rlsd_pipeline.report.data import Diagnostic
from rlsd_pipeline.stages.evaluation.headroom import MEANING, headrooms
from rlsd_pipeline.stages.evaluation.learning import Learning, read_learning
from rlsd_pipeline.stages.evaluation.policy_evaluation import (
    PolicyEvaluation,
    Scores,
    read_scores,
)
from rlsd_pipeline.stages.workspace import Workspace
from rlsd_pipeline.statistics.intervals import (
    DIFFERENCE,
    FEW_PROBLEMS,
    SHARE,
    UNBOUNDED,
    UNBOUNDED_REASON,
    mean_interval,
    unbounded,
)
from rlsd_pipeline.tables.headroom import headroom_rows
from rlsd_pipeline.tables.numbers import plain, with_ends
from rlsd_pipeline.tables.table import text
from schemas import InformationGap, Interval

Recorded = Mapping[str, Mapping[str, list[Moment]]]
"""Method -> arm -> its iterations."""

_WORDS = {True: "yes", False: "no", None: "cannot tell"}
_ONE_SEED = "one seed cannot tell"

_DYNAMICS: dict[str, Callable[[Moment], float | None]] = {
    "entropy": lambda moment: moment.of.entropy,
    "length": lambda moment: moment.of.length,
    "KL a response": lambda moment: moment.of.k1_per_response,
}
"""Head of a column -> what changes."""

_INFORMATION = {
    "I a response": "information_per_response",
    "I a token": "information_per_token",
    "L* a token": "reducible_per_token",
    "I / (L* + I)": "irreducible_share",
    "ρ": "deviation_ratio",
    "content": "content_share",
}
"""Head of a column -> field of the measured gap."""


def read_diagnostics(workspace: Workspace) -> tuple[Diagnostic, ...]:
    """All tables for which the store has something."""
    scores = read_scores(workspace)
    return diagnostics(workspace, scores, read_learning(workspace, scores))


def diagnostics(
    workspace: Workspace, scores: Scores, learnt: Mapping[str, Learning]
) -> tuple[Diagnostic, ...]:
    """All tables for which the store has something.

    Args:
        workspace: The experiment.
        scores: All that are there.
        learnt: Quantity -> what each training learnt by it.
    """
    recorded = {
        name: {arm.name: found for arm in arms if (found := moments(workspace, arm.name))}
        for name, arms in workspace.experiment.methods().items()
    }
    recorded = {name: arms for name, arms in recorded.items() if arms}
    benchmark = _warmest(workspace)
    tables = [
        imported_logs(workspace),
        _headroom(workspace, learnt),
        *_properties(scores, recorded, benchmark),
        _dynamics(recorded),
        _early(workspace, scores, benchmark),
        _information(workspace),
    ]
    return tuple(table for table in tables if table is not None and table.rows)


def _headroom(workspace: Workspace, learnt: Mapping[str, Learning]) -> Diagnostic:
    """The oracle's gain over GRPO, and the share of it that others reach."""
    rows = []
    found = headrooms(workspace.experiment, learnt)
    for of, method, gain, _, decided, margin, share, seeds in headroom_rows(found):
        shown = share if isinstance(share, str) else with_ends(share)
        cells = (with_ends(gain, sign=True), decided, text(margin, ".3f"), shown, seeds)
        rows.append((of, method, *cells))
    return Diagnostic(
        title="Headroom for credit",
        explanation=MEANING,
        columns=("of", "method", "minus GRPO", "decided", "equal within", "share", "seeds"),
        rows=tuple(rows),
    )


def _warmest(workspace: Workspace) -> str:
    """Leaks are counted where responses are sampled: greedy ones hide what is not likeliest."""
    return max(workspace.experiment.evaluation.benchmarks, key=lambda b: b.temperature).name


def _properties(scores: Scores, recorded: Recorded, benchmark: str) -> Iterator[Diagnostic]:
    decide: dict[str, Callable[[Sequence[RunRecording]], PropertyResult]] = {
        "objective stability": objective_stability,
        "sustained improvement": sustained_improvement,
        "leakage-free training": leakage_free,
    }
    recordings = {
        name: [recording(arm, scores[benchmark][arm], found) for arm, found in arms.items()]
        for name, arms in recorded.items()
    }
    for title, property_of in decide.items():
        results = {name: property_of(of) for name, of in recordings.items()}
        definition = next(iter(results.values())).definition if results else ""
        yield Diagnostic(
            title=f"Property: {title}",
            explanation=f"{definition} Evaluated on {benchmark}. One seed tells nothing about its "
            f"method. {UNBOUNDED_REASON}.",
            columns=("method", "holds", "seeds: yes / no / cannot tell", "pooled over seeds"),
            rows=tuple((name, *_outcome(result)) for name, result in results.items()),
        )


def _outcome(result: PropertyResult) -> tuple[str, str, str]:
    counts = [sum(seed.holds is value for seed in result.seeds) for value in (True, False, None)]
    pooled = (f"{name} {_pooled(found)}" for name, found in result.pooled.items())
    holds = _WORDS[result.holds] if len(result.seeds) > 1 else _ONE_SEED
    return holds, " / ".join(map(str, counts)), "; ".join(pooled)


def _pooled(found: Interval) -> str:
    """A difference of two shares; an interval that holds all there may be says nothing."""
    bounded = (found.low, found.high) != DIFFERENCE
    return with_ends(found if bounded else unbounded(found.value), sign=True)


def _dynamics(recorded: Recorded) -> Diagnostic:
    """First and last tenth of each training, and where the divergence stalls."""
    rows = []
    for name, arms in recorded.items():
        of = list(arms.values())
        changes = (_change(of, read) for read in _DYNAMICS.values())
        rows.append((name, len(of), *changes, _stall(of)))
    return Diagnostic(
        title="Entropy, length and distance to the teacher",
        explanation="Mean over seeds of the first and of the last tenth of the iterations, the "
        "last with its 95 % interval over seeds. "
        "Entropy: −mean log π_S of the sampled tokens, nats a token. Length: tokens a response. "
        "KL: mean over responses of Σ (log π_S − log π_T), the plain estimate of the on-policy "
        "reverse KL to the privileged teacher, nats; GRPO and SFT have no teacher. Stall: "
        "the first iteration from which the smoothed KL of a token falls by less than 5 % in ten "
        "iterations beyond its noise, and the level at which it stays (mean over seeds). "
        f"{UNBOUNDED_REASON}.",
        columns=("method", "seeds", *_DYNAMICS, "stall"),
        rows=tuple(rows),
    )


def _change(arms: Sequence[list[Moment]], read: Callable[[Moment], float | None]) -> str | None:
    ends = []
    for recorded in arms:
        values = [value for moment in recorded if (value := read(moment)) is not None]
        if not values:
            return None
        tenth = max(1, len(values) // 10)
        ends.append((np.mean(values[:tenth]), np.mean(values[-tenth:])))
    first, last = np.transpose(ends)
    interval = mean_interval(last.tolist())
    return f"{plain(float(first.mean()))} → {with_ends(interval)}"


def _stall(arms: Sequence[list[Moment]]) -> str | None:
    stalls = []
    for recorded in arms:
        series = [(m.iteration, m.of.k3) for m in recorded if m.of.k3 is not None]
        if len(series) < 20:
            return None
        iterations, values = zip(*series, strict=True)
        found = find_stall(iterations, values)
        if found is not None:
            stalls.append(found)
    if not stalls:
        return "none in 1 seed" if len(arms) == 1 else f"none in {len(arms)} seeds"
    at = np.mean([stall.iteration for stall in stalls])
    level = np.mean([stall.level.value for stall in stalls])
    return f"{len(stalls)} of {len(arms)} seeds, at {at:.0f}, {level:.3g} nats a token"


def _early(workspace: Workspace, scores: Scores, benchmark: str) -> Diagnostic:
    """Does a response name the gold answer before it could have derived it?"""
    answers = _answers(workspace)
    rows = []
    for name, arms in workspace.experiment.methods().items():
        found = [of for arm in arms if 0 in (of := scores[benchmark][arm.name]) and max(of) > 0]
        if found:
            base, trained = [of[0] for of in found], [of[max(of)] for of in found]
            rows.append((name, _early_share(base, answers), _early_share(trained, answers)))
    return Diagnostic(
        title="Early answers",
        explanation="Share of held-out responses whose reasoning names the gold answer within its "
        f"first fifth, for the base and after training ({benchmark}). Words such as yes and no "
        "also occur in ordinary text, and perceiving already finds the answer of an open question: "
        "read the change, not the level.",
        columns=("method", "base", "trained"),
        rows=tuple(rows),
    )


def _early_share(evaluated: Sequence[PolicyEvaluation], answers: Mapping[str, str]) -> str:
    """Over policies: seeds that begin with one are one measurement of it."""
    shares = []
    for policy in {one.artifact.digest: one for one in evaluated}.values():
        responses = policy.completions
        reasoning = [reasoning_of(text) for _, text in responses]
        gold = [answers[problem_id] for problem_id, _ in responses]
        shares.append(early_answers(reasoning, gold).share.value)
    return _over_seeds(shares)


def _answers(workspace: Workspace) -> dict[str, str]:
    artifact = workspace.store.ref(f"{workspace.name}/problems")
    if artifact is None:
        return {}
    return {name: problem.answer for name, problem in workspace.problems(artifact).items()}


def _over_seeds(values: Sequence[float]) -> str:
    bounds = SHARE if len(values) > 1 else UNBOUNDED
    return with_ends(mean_interval(values, 0.95, bounds))


def _information(workspace: Workspace) -> Diagnostic:
    """Every information gap that has been measured."""
    rows = []
    for arm in workspace.experiment.lineages():
        for iteration in range(workspace.experiment.iterations + 1):
            run = workspace.at(arm, iteration)
            artifact = workspace.store.ref(run.reference("information_gap"))
            if artifact is None:
                continue
            gap = artifact.record(InformationGap)
            cells = (getattr(gap, field) for field in _INFORMATION.values())
            rows.append((arm, iteration, *(cell and with_ends(cell) for cell in cells)))
    return Diagnostic(
        title="Effect of the reference on the teacher",
        explanation="I: mutual information of the next token and the reference given the prefix, "
        "the part of OPSD's objective that no student can remove (Theorem 1); L*: the rest; ρ: "
        "deviation ratio of Proposition 1 at the logits; content: share of the teacher's shift "
        "that the content of the reference causes (corruption probe: another problem's answer). "
        "References are the answers of a problem's own group. Intervals: bootstrap over problems; "
        f"{FEW_PROBLEMS}. {UNBOUNDED_REASON}.",
        columns=("arm", "iteration", *_INFORMATION),
        rows=tuple(rows),
    )
