"""`rlsd compare`: the methods on one iteration's tokens, their pairs, gradients and updates."""

import json
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow.parquet as pq
import pytest

from assets.cli.loop import open_instance
from rlsd_pipeline.opened import open_experiment
from rlsd_pipeline.stages.comparison import gradient_comparison, lookahead
from rlsd_pipeline.weighting.grpo import GRPO
from rlsd_pipeline.weighting.rlsd import RLSD
from schemas import WeightingComparison
from tests.assets.cli.refusals import refused_of
from tests.assets.materialized import latest

Run = Callable[..., Any]
RowOf = Callable[..., list[str]]

FEW = {"grpo": GRPO(), "rlsd": RLSD(decay=4)}


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two methods will do where each costs a backward pass or a training."""
    for module in (gradient_comparison, lookahead):
        monkeypatch.setattr(module, "compared_methods", lambda _: FEW)


def test_methods_are_compared_on_cached_tables(
    run: Run, row_of: RowOf, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rlsd_pipeline.models.pool.load_policy", lambda *_: pytest.fail("a model"))
    monkeypatch.setattr("rlsd_pipeline.models.pool.PolicyPool.get", lambda *_: pytest.fail("one"))
    answer = run("compare", file, "--arm", "rlsd-s0", "--iteration", "0")
    assert answer.exit_code == 0, answer.error
    assert "small, rlsd-s0, iteration 0: credit of" in answer.output
    assert "(privileged: answer)" in answer.output
    # Median credit of GRPO, and the share of its signal tokens that has their reward's sign.
    cells = row_of(answer.output.partition("rank correlation")[0], "grpo")
    assert len(cells) == 9
    assert cells[7].startswith("1.00")
    assert cells[8] == "-"
    assert row_of(answer.output.partition("rank correlation")[0], "rlsd")[8] != "-"
    everywhere, within = answer.output.partition("rank correlation")[2].split("the same within")
    # GRPO's credit varies from response to response, and within none.
    assert row_of(everywhere, "method") == ["method", "nearest", "value", "furthest", "value"]
    assert any(line.startswith("grpo  ") for line in everywhere.splitlines())
    (none,) = (line for line in within.splitlines() if line.startswith("No value, because all"))
    assert "grpo" in none.rstrip(".").partition(": ")[2].split("; ")
    assert "norm of each" not in answer.output


def test_every_pair_of_methods_is_written(run: Run, file: Path, tmp_path: Path) -> None:
    out = tmp_path / "pairs.parquet"
    answer = run("compare", file, "--arm", "rlsd-s0", "--iteration", "0", "--pairs", out)
    assert answer.exit_code == 0, answer.error
    place = open_experiment(file).at("rlsd-s0", 0)
    found = place.read("weighting_comparison").record(WeightingComparison)
    names = [method.method for method in found.methods]
    rows = pq.read_table(out).to_pylist()
    assert [(row["method"], row["other"]) for row in rows] == [(a, b) for a in names for b in names]
    everywhere, within = found.rank_correlation, found.rank_correlation_within
    assert [row["rank_correlation"] for row in rows] == list(chain.from_iterable(everywhere))
    assert [row["rank_correlation_within"] for row in rows] == list(chain.from_iterable(within))
    # The gradients are not those that an earlier call took.
    assert {row["gradient_cosine"] for row in rows} == {None}
    # Before anything is read: the iteration is none that has run.
    wrong = run("compare", file, "--arm", "rlsd-s0", "--iteration", "77", "--pairs", "pairs.csv")
    assert "no export ends in .csv" in refused_of(wrong)


def test_an_arm_without_a_teacher_says_what_it_leaves_out(run: Run, file: Path) -> None:
    answer = run("compare", file, "--arm", "grpo-s0", "--iteration", "1")
    assert answer.exit_code == 0, answer.error
    assert "teacher none (privileged: nothing)" in answer.output
    left_out = " ".join(answer.output.partition("left out: ")[2].split())
    assert left_out.startswith("rlsd; grpo_opsd; ")
    assert ": the method needs teacher_logprobs" in left_out


def test_gradients_and_lookahead_are_added_on_request(
    run: Run, row_of: RowOf, file: Path, few: None, tmp_path: Path
) -> None:
    place = ("--arm", "rlsd-s0", "--iteration", "0")
    pairs = tmp_path / "pairs.jsonl"
    answer = run("compare", file, *place, "--gradients", "--lookahead", "--pairs", pairs)
    assert answer.exit_code == 0, answer.error
    _, _, asked = answer.output.partition("norm of each")
    gradients, _, after = asked.partition("after one update by each method, on greedy")
    norms, _, cosines = gradients.partition("cosine")
    assert float(row_of(norms, "rlsd")[1]) > 0
    assert row_of(cosines, "1 grpo")[1] == "1.00"
    cosine = {
        (row["method"], row["other"]): row["gradient_cosine"]
        for row in map(json.loads, pairs.read_text().splitlines())
    }
    assert f"{cosine['grpo', 'rlsd']:.2f}" == row_of(cosines, "1 grpo")[2]
    assert cosine["rlsd", "rlsd"] == pytest.approx(1)
    assert cosine["grpo", "sft"] is None
    assert row_of(after, "grpo")[3:] == ["-", "-", "-"]
    assert row_of(after, "rlsd")[3] == "+0.000"
    # Both are materializations that show their tables.
    with open_instance() as instance:
        for stage in ("gradient_comparison", "lookahead"):
            event = latest(instance, dg.AssetKey(["small", stage]), "rlsd-s0|000")
            artifact = open_experiment(file).workspace.store.ref(f"small/rlsd-s0/000/{stage}")
            assert artifact is not None
            assert event.tags is not None
            assert event.tags["dagster/data_version"] == artifact.digest
            table = event.metadata["methods"].value
            assert [row.data["method"] for row in table.records][:2] == ["grpo", "rlsd"]
    # Each by itself, and found where it was left.
    again = run("compare", file, *place, "--lookahead")
    assert again.output.endswith(after)
    assert "norm of each" not in again.output


def test_compare_asks_for_a_place(run: Run, file: Path) -> None:
    assert "Missing option '--arm'" in refused_of(run("compare", file, "--iteration", "0"))
    assert "Missing option '--iteration'" in refused_of(run("compare", file, "--arm", "rlsd-s0"))
