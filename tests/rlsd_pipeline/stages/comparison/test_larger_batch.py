"""More problems before the policy of an iteration."""

from collections.abc import Callable
from pathlib import Path

import pytest

from rlsd_pipeline.errors import ConfigError
from rlsd_pipeline.report.collected.comparison import comparison
from rlsd_pipeline.stages.comparison.larger_batch import make_batch, widest
from rlsd_pipeline.stages.comparison.token_values import TokenValuesStage
from rlsd_pipeline.stages.comparison.weighting_comparison import WeightingComparisonStage
from rlsd_pipeline.stages.workspace import Workspace
from schemas import Rollout, WeightingComparison

Open = Callable[..., Workspace]

COMPARED = WeightingComparisonStage.name


def test_methods_are_compared_on_it_and_the_report_shows_the_largest(
    copied: Path, workspace_at: Open
) -> None:
    run = workspace_at(copied, token_values={"continuations": 4}).at("rlsd-s0", 1)
    own = {name: run.workspace.store.ref(name).digest for name in run.workspace.store.refs("")}
    assert widest(run, COMPARED) == run
    for prompts in (6, 8):
        batch = make_batch(run, prompts)
        batch.make(TokenValuesStage)
        batch.make(WeightingComparisonStage)
    assert widest(run, COMPARED).reference(COMPARED) == batch.reference(COMPARED)
    found = batch.read(COMPARED).record(WeightingComparison)
    assert found.policy == run.read("policy").digest
    assert found.rollouts == 8 * run.experiment.sampling.group_size
    assert found.fidelity is not None
    assert len(batch.read("rollouts").table(Rollout)["problem_id"].unique()) == 8
    shown = comparison(widest(run, COMPARED))
    assert shown is not None
    assert shown.credit.rollouts == found.rollouts
    assert shown.credit.fidelity is not None
    assert "rlsd" in {one.method for one in shown.credit.fidelity.methods}
    # The arm keeps what it had, and has no comparison of its own.
    assert own.items() <= {n: run.workspace.store.ref(n).digest for n in own}.items()
    assert run.workspace.store.ref(run.reference(COMPARED)) is None


def test_it_has_no_more_problems_than_the_data_set(copied: Path, workspace_at: Open) -> None:
    run = workspace_at(copied).at("rlsd-s0", 1)
    with pytest.raises(
        ConfigError, match="has 10 training problems, fewer than the requested batch of 12"
    ):
        make_batch(run, 12)
