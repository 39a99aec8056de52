"""Commands that read what was trained: compare, report, results, diagnose."""

import json
import shutil
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import click
import dagster as dg
import pyarrow.parquet as pq
import pytest
from dagster._core.definitions.data_version import StaleStatus
from dagster._utils.test.data_versions import get_stale_status_resolver

from assets.cli.loop import Loop, open_instance
from assets.cli.report import _place
from assets.graph import stage_assets
from assets.partitions import partition_key
from rlsd_pipeline.errors import RlsdError
from rlsd_pipeline.opened import open_experiment
from rlsd_pipeline.progress import Silent
from rlsd_pipeline.stages.comparison import gradient_comparison, lookahead
from rlsd_pipeline.weighting.grpo import GRPO
from rlsd_pipeline.weighting.rlsd import RLSD
from schemas import WeightingComparison

Declare = Callable[..., Path]
Run = Callable[..., Any]
RowOf = Callable[..., list[str]]

FEW = {"grpo": GRPO(), "rlsd": RLSD(decay=4)}


@pytest.fixture(autouse=True)
def undrawn() -> None:
    """Pictures are drawn here."""


@pytest.fixture(scope="module")
def evaluated_home(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The trained home with the scores of both arms at 0 and 2 updates, and its experiment."""
    folder = tmp_path_factory.mktemp("evaluated")
    home = Path(shutil.copytree(trained, folder / "home"))
    (home / "dagster" / "dagster.yaml").chmod(0o644)
    declared = trained.parent / "small" / "defs.yaml"
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.delenv("DAGSTER_HOME", raising=False)
        monkeypatch.setenv("RLSD_HOME", str(home))
        with open_instance() as instance:
            loop = Loop(declared, instance, Silent())
            for arm in ("grpo-s0", "rlsd-s0"):
                for updates in (0, 2):
                    loop.evaluate(arm, updates)
        monkeypatch.delenv("DAGSTER_HOME", raising=False)
    return home, declared


@pytest.fixture
def file(evaluated_home: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    """The YAML of what was trained; commands add to one home."""
    monkeypatch.setenv("RLSD_HOME", str(evaluated_home[0]))
    return evaluated_home[1]


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two methods will do where each costs a backward pass or a training."""
    for module in (gradient_comparison, lookahead):
        monkeypatch.setattr(module, "compared_methods", lambda _: FEW)


def refused(answer: Any) -> str:
    assert answer.exit_code != 0
    assert "Traceback" not in answer.output + answer.error
    return " ".join(answer.error.split())


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
    assert "no export ends in .csv" in refused(wrong)


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
            event = newest(instance, stage, "rlsd-s0|000")
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


def newest(
    instance: dg.DagsterInstance, stage: str, partition: str | None = None
) -> dg.AssetMaterialization:
    key = dg.AssetKey(["small", *stage.split(".")])
    wanted = dg.AssetRecordsFilter(key, asset_partitions=[partition] if partition else None)
    (record,) = instance.fetch_materializations(wanted, limit=1).records
    assert record.asset_materialization is not None
    return record.asset_materialization


def test_an_evaluation_makes_the_results_anew(file: Path) -> None:
    """A job makes them as its last step; where a score is materialized alone, they follow it.

    Only a training of the command line makes them at its own pace.
    """
    with open_instance() as instance:
        loop = Loop(file, instance, Silent())
        key = loop.declared.key("results")

        def runs() -> list[str]:
            wanted = dg.AssetRecordsFilter(key)
            return [r.run_id for r in instance.fetch_materializations(wanted, limit=100).records]

        loop.results()
        before = runs()
        # Soon after the table was made, the command line does not make it again.
        loop.evaluate("rlsd-s0", 2)
        assert runs() == before
        loop.evaluate_on("greedy", "rlsd-s0", 2)
        assert runs()[1:] == before
        before = runs()
        event = newest(instance, "results")
        artifact = loop.workspace.store.ref("small/results")
        assert artifact is not None
        assert (event.tags or {})["dagster/data_version"] == artifact.digest
        methods = {row.data["method"] for row in event.metadata["table"].value.records}
        assert methods == {"base", "grpo", "rlsd"}
        assert "data:image/png;base64," in event.metadata["training curves"].value

        assets = stage_assets(loop.declared)
        alone = dg.materialize(
            assets,
            selection=[loop.declared.key("benchmark_scores.greedy")],
            partition_key=partition_key("rlsd-s0", 2),
            instance=instance,
        )
        assert runs() == [alone.run_id, *before]
        resolver = get_stale_status_resolver(instance, assets)
        assert resolver.get_status(key) is StaleStatus.FRESH


@pytest.mark.parametrize("command", ["compare", "report", "diagnose"])
def test_an_unknown_arm_is_named(run: Run, file: Path, command: str) -> None:
    said = refused(run(command, file, "--arm", "rlds-s0", "--iteration", "0"))
    assert said == "Error: small has no arm 'rlds-s0'; it has grpo-s0, rlsd-s0"


@pytest.mark.parametrize("command", ["compare", "report", "diagnose"])
def test_an_iteration_that_has_not_run_is_named(run: Run, file: Path, command: str) -> None:
    said = refused(run(command, file, "--arm", "rlsd-s0", "--iteration", "2"))
    assert "there is no artifact small/rlsd-s0/002/" in said
    assert "there first" in said
    said = refused(run(command, file, "--arm", "rlsd-s0", "--iteration", "4"))
    assert said.startswith("Error: small has the iterations 0 to 2, and not 4")


@pytest.mark.parametrize("command", ["compare", "report"])
def test_the_last_policy_has_no_rollouts(run: Run, file: Path, command: str) -> None:
    """There are three updates, so the policy after the third is sampled from by nobody."""
    said = refused(run(command, file, "--arm", "rlsd-s0", "--iteration", "3"))
    assert said.startswith("Error: ")


def test_compare_asks_for_a_place(run: Run, file: Path) -> None:
    assert "Missing option '--arm'" in refused(run("compare", file, "--iteration", "0"))
    assert "Missing option '--iteration'" in refused(run("compare", file, "--arm", "rlsd-s0"))


def test_a_report_is_one_file_and_says_its_size(run: Run, file: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "page.html"
    answer = run("report", file, "--out", out)
    assert answer.exit_code == 0, answer.error
    assert "reading what the arms recorded" in answer.output
    assert list(out.parent.iterdir()) == [out]
    page = out.read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>")
    size = f"{len(page.encode()) / 1e6:.2f} MB"
    assert f"{out} ({size}, " in " ".join(answer.output.split())
    for section in ("summary", "curves", "tokens", "comparison", "diagnostics", "settings"):
        assert f'id="{section}"' in page


def test_a_report_of_an_experiment_that_has_not_begun(
    run: Run, declare: Declare, home: Path
) -> None:
    file = declare()
    answer = run("report", file)
    assert answer.exit_code == 0, answer.error
    assert (home / "reports" / "small.html").is_file()
    said = refused(run("report", file, "--iteration", "1"))
    assert "--iteration needs --arm here: no arm with a teacher has run" in said


@pytest.fixture
def loop(file: Path) -> Iterator[Loop]:
    with open_instance() as instance:
        yield Loop(file, instance, Silent())


def test_a_report_shows_tokens_that_a_teacher_scored(loop: Loop) -> None:
    # Iteration 10 unless told otherwise, or the last declared; that has not run, so the first.
    chosen = [_place(loop, None, None), _place(loop, None, 1), _place(loop, "grpo-s0", 1)]
    places = [(place.arm.name, place.iteration) for place in chosen if place]
    assert places == [("rlsd-s0", 0), ("rlsd-s0", 1), ("grpo-s0", 1)]


def test_a_report_shows_the_iteration_that_was_asked_for_or_none(loop: Loop) -> None:
    with pytest.raises((click.ClickException, RlsdError)):
        _place(loop, None, 2)


def test_results_are_a_table_on_the_terminal(run: Run, row_of: RowOf, file: Path) -> None:
    answer = run("results", file)
    assert answer.exit_code == 0, answer.error
    assert "small: accuracy on held-out questions (95% intervals over questions)" in answer.output
    assert row_of(answer.output, "base")[5] == "0"
    assert row_of(answer.output, "grpo")[5] == "2"
    assert "- grpo" in answer.output


def test_results_are_markdown_on_request(run: Run, file: Path) -> None:
    answer = run("results", file, "--format", "markdown")
    assert answer.exit_code == 0, answer.error
    table, _, notes = answer.output.partition("\n\n")[2].partition("\n\n")
    assert answer.output.startswith("**greedy**")
    head, rule, *rows = table.splitlines()
    assert "McNemar" in notes
    assert head.startswith("| method | accuracy | minus grpo | p (Holm, methods) | updates | seeds")
    assert rule == "|" + "---|" * head.count(" | ") + "---|"
    assert [row.split(" | ")[0] for row in rows] == ["| base", "| grpo", "| rlsd"]
    assert all(row.count(" | ") == head.count(" | ") for row in rows)
    cells = [cell.strip() for cell in rows[2].strip("|").split(" | ")]
    assert cells[4:6] == ["2", "1"]
    # No answer is right, which of so few questions says little.
    assert cells[2].startswith("+0.000 [\u22120.")
    assert cells[3] == "1"
    # The paper says nothing about these questions.
    assert "paper" not in head


def test_results_of_nothing(run: Run, declare: Declare) -> None:
    for options in (
        (),
        (
            "--format",
            "markdown",
        ),
    ):
        assert run("results", declare(), *options).exit_code == 0


def test_one_seed_does_not_tell_how_many_it_takes(run: Run, row_of: RowOf, file: Path) -> None:
    answer = run("power", file, "--difference", 0.05)
    assert answer.exit_code == 0, answer.error
    assert "accuracy: greedy (5 questions): what shows a difference of 0.05" in answer.output
    # The areas under the curves, below, have a line of it as well.
    accuracy = answer.output.partition(", area:")[0]
    assert row_of(accuracy, "rlsd")[2:6] == ["-", "1", "-", "-"]
    assert "One seed does not show how trainings differ" in answer.output


def test_what_was_recorded_is_told(run: Run, row_of: RowOf, file: Path) -> None:
    answer = run("diagnose", file)
    assert answer.exit_code == 0, answer.error
    for title in ("objective stability", "sustained improvement", "leakage-free training"):
        assert f"Property: {title}" in answer.output
    dynamics = answer.output.partition("Entropy, length and distance")[2]
    assert row_of(dynamics.partition("Early answers")[0], "grpo")[4] == "-"
    assert "Effect of the reference" not in answer.output


def test_the_information_gap_is_measured_on_request(run: Run, row_of: RowOf, file: Path) -> None:
    answer = run("diagnose", file, "--arm", "rlsd-s0", "--iteration", "1")
    assert answer.exit_code == 0, answer.error
    table = answer.output.partition("Effect of the reference on the teacher")[2]
    assert row_of(table, "rlsd-s0")[1] == "1"


def test_nothing_to_diagnose_yet(run: Run, declare: Declare) -> None:
    answer = run("diagnose", declare())
    assert answer.exit_code == 0, answer.error
    assert "has recorded nothing yet: rlsd train" in answer.output


def test_a_comparison_is_known_to_dagster(
    run: Run, file: Path, evaluated_home: tuple[Path, Path]
) -> None:
    """The UI shows what the command line computed: table, pictures and reasons."""
    assert run("compare", file, "--arm", "rlsd-s0", "--iteration", "1").exit_code == 0
    with open_instance() as instance:
        loop = Loop(file, instance, Silent())
        key = loop.declared.key("weighting_comparison")
        assert "rlsd-s0|001" in instance.get_materialized_partitions(key)
        event = instance.get_latest_materialization_event(key).asset_materialization
        artifact = loop.workspace.at("rlsd-s0", 1).read("weighting_comparison")
        found = artifact.record(WeightingComparison)
        assert event.tags["dagster/data_version"] == artifact.digest
        rows = event.metadata["methods"].records
        assert [row.data["method"] for row in rows] == [m.method for m in found.methods]
        assert event.metadata["tokens"].value == f"{found.tokens:,}"
        assert event.metadata["left_out"].value == found.left_out
        for picture in ("credit", "segments", "rank_correlation", "rank_correlation_within"):
            assert event.metadata[picture].value.startswith(f"![{picture}](data:image/png;base64,")
        loop.results()
        key = loop.declared.key("results")
        event = instance.get_latest_materialization_event(key).asset_materialization
        table = [row.data for row in event.metadata["table"].records]
        assert [row["method"] for row in table] == ["base", "grpo", "rlsd"]
        assert table[2]["minus grpo"] == "+0.000\u00a0[\u22120.396,\u00a0+0.396]"
        assert table[2]["p (Holm)"] == "1"
        for name in ("curve/greedy", "differences/greedy"):
            assert "data:image/png;base64," in event.metadata[name].value


def test_a_page_is_written_and_text_around_it_stays(run: Run, file: Path, tmp_path: Path) -> None:
    out = tmp_path / "small.md"
    answer = run("page", file, "--out", out)
    assert answer.exit_code == 0, answer.error
    text = out.read_text()
    assert text.startswith("# small\n\n<!-- record -->\n\n`rlsd page ")
    assert (tmp_path / "small" / "record.json").exists()
    out.write_text(text.replace("# small", "# By hand"))
    assert run("page", file, "--out", out).exit_code == 0
    assert out.read_text() == text.replace("# small", "# By hand")
    assert "--iteration needs --arm" in refused(run("page", file, "--iteration", "1"))
    out.write_text("# No marks\n")
    assert "expected <!-- record --> twice" in refused(run("page", file, "--out", out))
