"""All methods on the same tokens, as the report shows them."""

import shlex
from collections.abc import Mapping

from rlsd_pipeline.credit.columns import NOT_COMPUTED
from rlsd_pipeline.report.comparison import Comparison
from rlsd_pipeline.stages.comparison.gradient_comparison import ORACLE
from rlsd_pipeline.stages.comparison.lookahead import read_lookahead
from rlsd_pipeline.stages.comparison.unscored import NO_STUDENT, NOTHING_CORRECT, is_unscored
from rlsd_pipeline.stages.workspace import StageRun
from rlsd_pipeline.statistics.intervals import FEW_PROBLEMS
from rlsd_pipeline.tables.credit import measured_text
from schemas import GradientComparison, GradientSignal, WeightingComparison


def comparison(run: StageRun) -> Comparison | None:
    """The comparison of one iteration, with gradients and lookahead where they were computed."""
    store = run.workspace.store
    artifact = store.ref(run.reference("weighting_comparison"))
    if artifact is None:
        return None
    found = artifact.record(WeightingComparison)
    measured = store.ref(run.reference("gradient_comparison"))
    gradients = None if measured is None else measured.record(GradientComparison)
    signal = None if gradients is None else gradients.signal
    benchmark = run.experiment.evaluation.benchmarks[0]
    return Comparison(
        credit=found,
        gradients=gradients,
        lookahead=tuple(read_lookahead(run, benchmark)),
        baseline=run.experiment.compared_with,
        meaning=_meaning(run, found),
        fidelity_meaning=_fidelity_meaning(run, found),
        signal_meaning="" if signal is None else signal_meaning(run, signal),
        lookahead_meaning=f"One update by each method from the policy of {run.arm.name} after "
        f"{run.iteration} updates, on the same rollouts, evaluated on {benchmark.name}; intervals "
        "and paired tests over its questions. p (Holm) is corrected for the number of methods, the "
        "intervals are not.",
    )


def values_command(run: StageRun) -> str:
    """The command that measures the token values of an iteration."""
    return _command("values", run)


def _command(name: str, run: StageRun) -> str:
    place = f"--arm {run.arm.name} --iteration {run.iteration}"
    return f"rlsd {name} {shlex.quote(run.workspace.name)} {place}"


def signal_meaning(run: StageRun, found: GradientSignal) -> str:
    """The explanation of bias and noise of the gradients, and of the reference."""
    reference = ""
    if not any(one.method == ORACLE for one in found.methods):
        reference = (
            f" Without token values there is no true gradient: {values_command(run)} measures them."
        )
    elif not any(one.cosine for one in found.methods):
        reference = (
            " No cosine: over so few problems the mean gradients are not told from noise. "
            "`--prompts 256`, for `values` and for `compare --gradients`, draws more."
        )
    kept = (
        ""
        if found.kept == found.parameters
        else (
            f" Each problem's gradient was kept as a random projection on {found.kept:,} numbers."
        )
    )
    return (
        "Cosine: of the method's mean gradient with that of the measured advantages, both by the "
        "same update; a cosine below 1 is bias, which more rollouts do not remove. Signal share: "
        "squared norm of the mean gradient over that of this batch's; the rest is noise. Both use "
        "products of different problems alone. Prompts for a half: the batch size at which half of "
        "the squared norm is signal. Rollouts: the number at which the method reaches the signal "
        f"share of {found.compared_with} in this batch. Intervals are over problems."
        f"{reference}{kept}"
    )


def _fidelity_meaning(run: StageRun, found: WeightingComparison) -> str:
    measured = found.fidelity
    if measured is None:
        way = f"`{values_command(run)}` measures what every token was worth."
        if is_unscored(run):
            way = "Measuring them takes a model that goes on from the responses."
        return f"Not known here: no token values were made of these rollouts. {way}"
    what = measured_text(measured, found.tokens)
    reliability = "unknown" if measured.reliability is None else f"{measured.reliability:.2f}"
    return (
        f"What {what} were worth was measured by {measured.continuations} "
        f"continuations from each of {measured.states:,} states, and the credit of every method "
        "is held against it: 1 is the true advantage, 0 a random credit, and a multiple of a "
        f"credit has the same fidelity. Reliability of the measurement: {reliability}. Differences "
        f"are to {measured.compared_with}; intervals are over problems."
    )


def _meaning(run: StageRun, found: WeightingComparison) -> str:
    teacher = "no teacher scored them"
    if found.teacher is not None:
        teacher = f"the teacher was shown: {found.privileged}"
    shares = ", ".join(f"{name} {share:.0%}" for name, share in found.token_shares.items())
    return (
        f"Rollouts of {run.arm.name}, iteration {run.iteration}; {teacher}. "
        f"{found.signal_tokens:,} of {found.tokens:,} tokens belong to responses whose advantage "
        f"is not 0. Tokens: {shares}. The credit of a divergence is its weight times Δ, that of a "
        f"likelihood its weight. Intervals are over problems; {FEW_PROBLEMS}."
        f"{_left_out(run, found.left_out)}"
    )


def _left_out(run: StageRun, reasons: Mapping[str, str]) -> str:
    """The methods that could not be computed, by what they lack."""
    wanted = {
        "": "a teacher's table",
        NO_STUDENT: "the policy's log-probabilities",
        NOT_COMPUTED: f"columns that `{_command('compare', run)} --columns` computes",
        NOTHING_CORRECT: "verdicts",
    }
    lacking: dict[str, list[str]] = {reason: [] for reason in wanted}
    for name, why in reasons.items():
        reason = NOT_COMPUTED if NOT_COMPUTED in why else why
        lacking[reason if reason in wanted else ""].append(name)
    return "".join(
        f" Left out for lack of {wanted[reason]}: {', '.join(names)}."
        for reason, names in lacking.items()
        if names
    )
