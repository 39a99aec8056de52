"""The record of a page, read from the store of a small experiment."""

import re
from pathlib import Path

from rlsd_pipeline.artifacts.fingerprint import json_digest
from rlsd_pipeline.page.collect import checked_out, collect_record, measured_place
from rlsd_pipeline.page.sections import page_text
from rlsd_pipeline.report.collected import defaults
from rlsd_pipeline.stages.evaluation.results import read_results
from rlsd_pipeline.stages.workspace import Workspace


def test_a_record_has_the_numbers_of_the_store(workspace: Workspace) -> None:
    record = collect_record(workspace, workspace.at("rlsd-s0", 0), "rlsd page small")
    assert record.table is not None
    results = read_results(workspace)
    assert [(one.method, one.score) for one in record.table.lines] == [
        (one.method, one.score) for one in results
    ]
    # One seed has no spread.
    assert record.seeds == ()
    assert [chart.name for chart in record.charts] == [
        "reward",
        "accuracy: sampled",
        "mentions of a reference: sampled",
        "accuracy: greedy",
    ]
    titles = [one.title for one in record.diagnostics]
    assert "Property: leakage-free training" in titles
    assert "Effect of the reference on the teacher" in titles
    # Without measured values there is no fidelity, and nothing to hold learning against.
    assert (record.fidelity, record.fidelity_meaning, record.learning) == ((), "", ())
    text = page_text(record, "small")
    assert f"| {results[1].score.value:.3f} [" in text
    assert "Better" not in text  # one seed
    assert "Over the questions of one seed, which says nothing of the methods: rlsd." in text


def test_a_record_says_what_it_was_made_from(workspace: Workspace) -> None:
    of = collect_record(workspace, workspace.at("rlsd-s0", 0), "rlsd page small").provenance
    assert of.declaration == json_digest(workspace.experiment.model_dump(mode="json"))
    scores = {
        f"small/{arm}/{updates:03d}/benchmark_scores.{name}"
        for arm in ("grpo-s0", "rlsd-s0")
        for updates in range(3)
        for name in ("sampled", "greedy")
    }
    assert set(of.artifacts) == scores | {"small/rlsd-s0/000/weighting_comparison"}
    for name, digest in of.artifacts.items():
        artifact = workspace.store.ref(name)
        assert artifact is not None
        assert artifact.digest.startswith(digest)
    assert {"python", "torch", "transformers"} == set(of.libraries)


def test_without_measured_values_no_iteration_is_shown(workspace: Workspace) -> None:
    assert measured_place(workspace) is None
    assert defaults.taught(workspace.experiment) == ["rlsd-s0"]


def test_a_commit_is_that_of_the_checkout() -> None:
    root = Path(__file__).parents[4]
    found = checked_out()
    if (root / ".git").exists():
        assert found is not None
        assert re.fullmatch(r"[0-9a-f]{40}\+?", found)
    else:
        assert found is None
