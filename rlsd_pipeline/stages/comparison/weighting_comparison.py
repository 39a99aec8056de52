"""weighting_comparison: all methods on the rollouts of one iteration, from cached tables alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from rlsd_pipeline.credit.identity import credit_identity
from rlsd_pipeline.stages.comparison.compared_methods import (
    compared_advantages,
    compared_methods,
    distinct_streams,
)
from rlsd_pipeline.stages.comparison.token_values import TokenValuesStage
from rlsd_pipeline.stages.stage import Stage
from schemas import (
    ComparedCredit,
    CreditFidelity,
    Reward,
    Rollout,
    TokenLogprobs,
    TokenValues,
    WeightingComparison,
)

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from rlsd_pipeline.artifacts import Artifact, ArtifactWriter
    from rlsd_pipeline.config.experiment import ExperimentConfig
    from rlsd_pipeline.stages.workspace import StageRun
    from rlsd_pipeline.weighting.method import Credit, Weighting


class WeightingComparisonStage(Stage):
    """Compare the credit of every method on the same tokens."""

    type: Literal["weighting_comparison"] = "weighting_comparison"

    name = "weighting_comparison"
    description = (
        "The credit of every method on this iteration's tokens, from the cached tables alone: "
        "its distribution, its shares on reasoning, answer and format, its agreement with the "
        "reward, and the rank correlation between methods."
    )
    version = "4"
    reads = ("rollouts", "rewards", "logprobs")
    decided_by = ("verifier",)
    writes = (WeightingComparison, ComparedCredit)

    def upstream(self, experiment: ExperimentConfig) -> tuple[str, ...]:
        """Token values come before it where they are made at all."""
        return (*self.reads, TokenValuesStage.name)

    def inputs(self, run: StageRun) -> dict[str, Artifact]:
        """The inputs, with token values and further columns of these rollouts if they exist.

        Imported rollouts are compared on without log-probabilities where no model scored them.
        """
        from rlsd_pipeline.stages.comparison.more_columns import NAME, kept_columns
        from rlsd_pipeline.stages.comparison.unscored import is_unscored

        reads = [n for n in self.reads if n != "logprobs" or not is_unscored(run)]
        inputs = {name: run.read(name) for name in reads}
        values = run.workspace.store.intact_ref(run.reference(TokenValuesStage.name))
        made_from = {} if values is None else values.manifest.inputs
        fits = all(made_from.get(n) == inputs[n].digest for n in ("rollouts", "rewards"))
        if values is not None and fits:
            inputs[TokenValuesStage.name] = values
        more = kept_columns(run, inputs["rollouts"], inputs.get("logprobs"))
        return inputs | ({NAME: more} if more is not None else {})

    def settings(self, run: StageRun) -> dict[str, Any]:
        """Every method with its settings, and why others are left out."""
        compared = _compared(run)
        decided = {
            name: credit_identity(method, compared_advantages(run, name))
            for name, method in compared.shown.items()
        }
        others = {n: of["advantages"] for n, of in decided.items() if "advantages" in of}
        return {
            "methods": {name: of["weighting"] for name, of in decided.items()},
            "left_out": compared.left_out,
            "confidence": run.experiment.evaluation.confidence,
        } | ({"advantages": others} if others else {})

    def require(self, run: StageRun, inputs: Mapping[str, Artifact]) -> None:
        """Refuse tables of other rollouts, and rollouts of another policy."""
        from rlsd_pipeline.stages.iteration.alignment import require_made_from, require_sampled_by

        if "logprobs" in inputs:
            require_sampled_by(inputs["rollouts"], run.read("policy"))
        require_made_from(inputs["rewards"], inputs["rollouts"])
        if "logprobs" in inputs:
            require_made_from(inputs["logprobs"], inputs["rollouts"])

    def write(self, run: StageRun, inputs: Mapping[str, Artifact], out: ArtifactWriter) -> None:
        """Weigh by every method, and describe the credit."""
        from rlsd_pipeline.credit.comparison import (
            rank_correlations,
            summarize,
            token_shares,
            within_responses,
        )
        from rlsd_pipeline.credit.rounding import rounding
        from rlsd_pipeline.credit.tables import read_credit, segments_of, under
        from rlsd_pipeline.stages.comparison.more_columns import NAME, reason
        from rlsd_pipeline.stages.comparison.unscored import (
            leave_out_readers,
            leave_out_unverified,
            unscored_table,
        )

        rollouts, logprobs = inputs["rollouts"], inputs.get("logprobs")
        more = inputs.get(NAME)
        sampled = rollouts.table(Rollout)
        scored = logprobs.table(TokenLogprobs) if logprobs else unscored_table(sampled)
        extraction = run.workspace.verifier.extraction
        rewards = inputs["rewards"].table(Reward)
        also = more.table(TokenLogprobs) if more else None
        credit = read_credit(sampled, rewards, scored, extraction, also)
        if run.iteration == 0 and logprobs is not None:
            # The policy is the base model as yet.
            credit = replace(credit, base_logprobs=credit.student_logprobs)
        segments = segments_of(sampled, extraction)
        named, left_out = _compared(run)
        named = leave_out_unverified(named, rewards, left_out)
        if logprobs is None:
            named = leave_out_readers(named, sampled, left_out)
        tables = {name: under(compared_advantages(run, name), credit) for name in named}
        for name, method in named.items():
            if missing := credit.lacks(method.columns):
                left_out[name] = reason(run, missing, logprobs, more)
        credits = _credits(named, tables, left_out)
        run.workspace.progress.start(self.name, len(credits), "methods")
        summaries, confidence = [], run.experiment.evaluation.confidence
        gap = logprobs.manifest.measurements.get("engine_gap_max") if logprobs else None
        noise = rounding(sampled, scored, gap) if logprobs else None
        for name, values in credits.items():
            described = summarize(
                name, named[name], values, tables[name], segments, confidence, noise
            )
            decided = credit_identity(named[name], compared_advantages(run, name))
            weighting = decided.pop("weighting") | decided
            summaries.append(described.model_copy(update={"weighting": weighting}))
            run.workspace.progress.advance(1)
        rows = credit.rows.numpy()
        within = {n: within_responses(v, rows) for n, v in credits.items()}
        out.record(
            WeightingComparison(
                rollouts=len(sampled),
                tokens=len(rows),
                signal_tokens=int((credit.token_advantages != 0).sum()),
                policy=rollouts.manifest.inputs.get("policy", "imported"),
                **_told(logprobs, more),
                token_shares=token_shares(segments),
                methods=summaries,
                rank_correlation=rank_correlations(credits),
                rank_correlation_within=rank_correlations(within),
                left_out=left_out,
                fidelity=_fidelity(inputs, credits, credit, segments, named, confidence),
            )
        )
        out.table(ComparedCredit, _table(credits, scored))


def _fidelity(
    inputs: Mapping[str, Artifact],
    credits: Mapping[str, np.ndarray],
    credit: Credit,
    segments: np.ndarray,
    named: Mapping[str, Weighting],
    confidence: float,
) -> CreditFidelity | None:
    """The fidelity of the credits; None without token values."""
    from rlsd_pipeline.credit.fidelity_table import Valued, credit_fidelity
    from rlsd_pipeline.credit.states import measured_advantages
    from rlsd_pipeline.weighting.grpo import GRPO

    if TokenValuesStage.name not in inputs:
        return None
    values = inputs[TokenValuesStage.name]
    measured = measured_advantages(values.table(TokenValues), credit.groups.tolist())
    valued = Valued(
        measured,
        segments,
        lengths=credit.lengths.numpy(),
        states=int(values.manifest.measurements["states"]),
        continuations=int(values.manifest.measurements["continuations"]),
    )
    plain = (name for name in credits if isinstance(named[name], GRPO))
    compared_with = next(plain, next(iter(credits)))
    return credit_fidelity(credits, valued, compared_with, confidence)


class _Compared(NamedTuple):
    """Methods by name, and why others are left out."""

    shown: dict[str, Weighting]
    left_out: dict[str, str]


def _told(*scored: Artifact | None) -> dict[str, str | None]:
    """The teacher, and what a context is called that it saw: a user's own has settings."""
    for manifest in (each.manifest for each in scored if each is not None):
        shown: Any = manifest.config.get("privileged")
        if "teacher" in manifest.inputs and shown is not None:
            name = shown["type"] if isinstance(shown, dict) else shown
            return {"teacher": manifest.inputs["teacher"], "privileged": name}
    return {"teacher": None, "privileged": None}


def _compared(run: StageRun) -> _Compared:
    named = distinct_streams(run, compared_methods(run))
    left_out = _taught_by_another(run, named) | _measured(named)
    shown = {name: method for name, method in named.items() if name not in left_out}
    return _Compared(shown, left_out)


def _taught_by_another(run: StageRun, named: Mapping[str, Weighting]) -> dict[str, str]:
    """OPD is left out: its teacher is another model, whose scores the tables lack."""
    from rlsd_pipeline.weighting.opd import OPD

    if isinstance(run.arm.weighting, OPD):
        return {}
    why = "its teacher is another model, which did not score these rollouts"
    return {name: why for name, method in named.items() if isinstance(method, OPD)}


def _measured(named: Mapping[str, Weighting]) -> dict[str, str]:
    """Leave out the fidelity of a method whose credit is the token values."""
    why = "its credit is what `token_values` measures: its fidelity is 1 by definition"
    return {name: why for name, method in named.items() if method.reads_values}


def _credits(
    named: Mapping[str, Weighting],
    tables: Mapping[str, Credit],
    left_out: Mapping[str, str],
) -> dict[str, np.ndarray]:
    """The credit by method, without those that are left out."""
    from rlsd_pipeline.credit.checked import checked_streams
    from rlsd_pipeline.credit.comparison import token_credit

    return {
        name: token_credit(checked_streams(method, tables[name]), tables[name]).numpy()
        for name, method in named.items()
        if name not in left_out
    }


def _table(credits: Mapping[str, np.ndarray], scored: pa.Table) -> pa.Table:
    import pyarrow as pa
    import torch

    from rlsd_pipeline.artifacts.tables import to_table
    from rlsd_pipeline.credit.tables import ragged, row_offsets

    offsets = row_offsets(scored["completion_ids"])
    parts = [
        to_table(
            ComparedCredit,
            {
                "method": [name] * len(scored),
                "rollout_id": scored["rollout_id"],
                "completion_ids": scored["completion_ids"],
                "credit": ragged(torch.from_numpy(values), offsets),
            },
        )
        for name, values in credits.items()
    ]
    return pa.concat_tables(parts)
