"""Tables and classes of a user's own in place of a stage's work."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from rlsd_pipeline.artifacts import Artifact
from rlsd_pipeline.config.experiment import ExperimentConfig
from rlsd_pipeline.config.strict import validate
from rlsd_pipeline.errors import ConfigError, DataError
from rlsd_pipeline.stages.iteration.rollouts import RolloutsStage
from rlsd_pipeline.stages.registry import STAGES
from rlsd_pipeline.stages.workspace import Workspace
from schemas import PolicyCheckpoint, Reward, Rollout, TokenLogprobs, TokenWeights

Made = dict[tuple[str, int, str], Artifact]
Ran = tuple[Path, Made]
Open = Callable[..., Workspace]

ARM = "rlsd-s0"
RECORDS = {
    "rollouts": Rollout,
    "rewards": Reward,
    "logprobs": TokenLogprobs,
    "token_weights": TokenWeights,
}
GRPO = {"arms": [{"weighting": {"type": "grpo"}}]}


def test_the_tables_of_a_run_in_their_own_place_give_the_same_artifacts(
    ran: Ran, copied: Path, workspace_at: Open
) -> None:
    declared = {}
    for stage, record in RECORDS.items():
        for iteration in range(2):
            table = ran[1][ARM, iteration, stage].table(record)
            pq.write_table(table, copied.parent / f"{stage}-{ARM}-{iteration:03d}.parquet")
        path = str(copied.parent / (stage + "-{arm}-{iteration}.parquet"))
        declared[stage] = {"type": "table", "path": path}
    workspace = workspace_at(copied, stages=declared)
    for iteration in range(2):
        run = workspace.at(ARM, iteration)
        for stage in RECORDS:
            artifact = run.make(STAGES[stage])
            assert not artifact.cache_hit
            assert artifact.digest == ran[1][ARM, iteration, stage].digest
            assert run.stage(STAGES[stage]).is_current(run)
    trained = workspace.at(ARM, 0).make(STAGES["policy_checkpoint"])
    plain = ran[1][ARM, 0, "policy_checkpoint"].record(PolicyCheckpoint).metrics
    # Rollouts from elsewhere are weighed by their ratio, and these have one of 1.
    found = trained.record(PolicyCheckpoint).metrics
    assert found["engine_ratio_mean"] == pytest.approx(1.0, abs=1e-4)
    assert found["grad_norm"] == pytest.approx(plain["grad_norm"], rel=1e-4)


def wrong(rows: list[dict[str, Any]], row: int, **values: Any) -> list[dict[str, Any]]:
    return [one | values if place == row else one for place, one in enumerate(rows)]


MISTAKES: dict[str, tuple[Callable[[list[dict[str, Any]]], list[dict[str, Any]]], str]] = {
    "an unknown problem": (
        lambda rows: wrong(rows, 5, problem_id="nowhere"),
        r"row 5, problem_id: 'nowhere' is no problem of the data set",
    ),
    "a group that lacks one": (
        lambda rows: rows[:3] + rows[4:],
        r"row 3, sample_index: 0 of .*, and a group is 4 rows of one problem",
    ),
    "tokens without log-probabilities": (
        lambda rows: wrong(rows, 2, rollout_logprobs=[]),
        r"row 2 \(rollout_id '.*#2'\): rollout_logprobs has 0 entries",
    ),
    "a value of another type": (
        lambda rows: wrong(rows, 1, completion_ids=["a"]),
        r"row 1, column completion_ids: .* is no list<",
    ),
    "a token of another tokenizer": (
        lambda rows: wrong(rows, 4, prompt_ids=[150_000]),
        r"row 4, prompt_ids: the token id 150000, and the policy has \d+",
    ),
    "a missing column": (
        lambda rows: [{k: v for k, v in row.items() if k != "token_ends"} for row in rows],
        r"the column token_ends of Rollout is missing",
    ),
    "an unknown column": (
        lambda rows: [row | {"promt_ids": []} for row in rows],
        r"unknown column 'promt_ids' of Rollout; did you mean 'prompt_ids'",
    ),
    "no rows": (lambda rows: [], "has no rows"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_in_a_table_names_file_row_and_column(
    mistake: str, ran: Ran, copied: Path, workspace_at: Open
) -> None:
    change, said = MISTAKES[mistake]
    file = copied.parent / "mine.jsonl"
    rows = change(ran[1][ARM, 0, "rollouts"].table(Rollout).to_pylist())
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    stages = {"rollouts": {"type": "table", "path": str(file)}}
    with pytest.raises(DataError, match=said) as error:
        workspace_at(copied, stages=stages).at(ARM, 0).make(RolloutsStage)
    assert str(error.value).startswith(str(file))


def test_a_file_that_is_not_there_is_told_with_its_place(copied: Path, workspace_at: Open) -> None:
    path = str(copied.parent / "none-{iteration}.jsonl")
    run = workspace_at(copied, stages={"rollouts": {"type": "table", "path": path}}).at(ARM, 1)
    said = r"none-001\.jsonl cannot be read: .* of rlsd-s0 at iteration 001, by `stages\.rollouts"
    with pytest.raises(DataError, match=said):
        run.make(RolloutsStage)


@pytest.mark.parametrize(
    ("stages", "said"),
    [
        ({"rolouts": {"type": "table"}}, "stages.rolouts: unknown key .*did you mean 'rollouts'"),
        ({"rollouts": {"type": "tabel"}}, "unknown type 'tabel'; did you mean 'table'"),
        ({"problems": {"type": "table"}}, "declare the file of the problems in `dataset`"),
        ({"policy": {"type": "table"}}, "only rollouts, rewards, logprobs, token_weights do"),
        ({"problems": {"type": "rollouts"}}, "unknown type 'rollouts'; valid types: problems"),
        ({"rollouts": {"type": "table", "path": "a.csv"}}, "name a .parquet or a .jsonl file"),
        (
            {"rollouts": {"type": "table", "path": "{k}.jsonl"}},
            r"{k} is unknown; a path may hold {arm} ",
        ),
    ],
)
def test_what_is_no_stage_and_no_table_is_refused(stages: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        validate(ExperimentConfig, GRPO | {"stages": stages}, source="defs.yaml")


OWN = """
from rlsd_pipeline.stages.iteration.rewards import RewardsStage
from rlsd_pipeline.stages.stage import Stage
from schemas import Reward

class Mine(RewardsStage):
    pass

class Other(Stage):
    name = "rollouts"
    description = "Of another schema."
    writes = (Reward,)
    def write(self, run, inputs, out):
        pass
"""


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Mine", r"Mine is the stage 'rewards', declared for `rollouts`: make it"),
        ("Other", r"Other writes Reward, and `rollouts` must write Rollout"),
    ],
)
def test_a_class_of_another_stage_or_schema_is_refused_by_name(
    name: str, said: str, tmp_path: Path
) -> None:
    (tmp_path / "own.py").write_text(OWN)
    stages = {"rollouts": {"type": f"./own.py:{name}"}}
    with pytest.raises(ConfigError, match=said):
        validate(ExperimentConfig, GRPO | {"stages": stages}, source="defs.yaml", folder=tmp_path)
