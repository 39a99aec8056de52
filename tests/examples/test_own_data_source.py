"""The example with a data source of its user's own."""

from pathlib import Path

from rlsd_pipeline.artifacts import Artifact
from rlsd_pipeline.config.experiment import load_experiment
from rlsd_pipeline.stages.iteration.policy import PolicyStage
from rlsd_pipeline.stages.iteration.problems import ProblemsStage
from rlsd_pipeline.stages.registry import ITERATION
from rlsd_pipeline.stages.workspace import Workspace
from schemas import PolicyCheckpoint, Problem, Rollout
from tests.examples.conftest import Small

NAME = "own_data_source"
TABLE = {
    "type": "./source.py:Table",
    "path": "questions.csv",
    "test_share": 0.25,
    "warm_start_images": 60,
}


def problems(workspace: Workspace) -> Artifact:
    return workspace.whole().make(ProblemsStage)


def test_an_iteration_learns_from_the_rows_of_the_table(small: Small) -> None:
    workspace = small(NAME, dataset=TABLE)
    rows = problems(workspace).table(Problem).to_pylist()
    assert (rows[0]["question"], rows[0]["answer"]) == ("what color is the rectangle?", "red")
    assert (len(rows), sum(row["split"] == "test" for row in rows)) == (120, 30)
    run = workspace.at("rlsd-s0", 0)
    run.make(PolicyStage)
    *made, checkpoint = (run.make(stage) for stage in ITERATION)
    learnt = {row["problem_id"] for row in rows if row["split"] == "train"}
    assert set(made[0].table(Rollout)["problem_id"].to_pylist()) <= learnt
    assert checkpoint.record(PolicyCheckpoint).updates == 1


def test_the_table_and_the_code_identify_the_problems_and_the_folder_does_not(
    small: Small, tmp_path: Path
) -> None:
    workspace, folder = small(NAME, dataset=TABLE), tmp_path / NAME
    first = problems(workspace)
    moved = folder.rename(tmp_path / "elsewhere")
    there = Workspace(NAME, load_experiment(moved / "defs.yaml"), workspace.store)
    assert problems(there).fingerprint == first.fingerprint
    moved.rename(folder)

    with (folder / "questions.csv").open("a") as table:
        table.write("2001,what shape is present?,rectangle\n")
    longer = problems(small(NAME, dataset=TABLE))
    assert longer.fingerprint != first.fingerprint
    assert len(longer.table(Problem)) == 121

    source = folder / "source.py"
    source.write_text(source.read_text().replace('row["question"]', 'row["question"].title()'))
    changed = problems(small(NAME, dataset=TABLE)).table(Problem).to_pylist()
    assert changed[0]["question"] == "What Color Is The Rectangle?"
