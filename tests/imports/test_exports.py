"""An import from Python, and what goes out again."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from datasets import load_from_disk

from rlsd_pipeline import open_experiment
from rlsd_pipeline.errors import ConfigError
from rlsd_pipeline.imports.declaring import ImportRequest, declaration
from rlsd_pipeline.opened import OpenExperiment
from rlsd_pipeline.tracking.metrics import reward_metrics
from tests.imports.conftest import LOGS


@pytest.fixture
def mine(tmp_path: Path) -> OpenExperiment:
    """The log of TRL, imported and compared without a model."""
    file = tmp_path / "mine.yaml"
    file.write_text(declaration(ImportRequest("trl", LOGS / "trl", steps=(1, 2), correct_from=1.0)))
    opened = open_experiment(file, store=str(tmp_path / "store"))
    opened.import_rollouts()
    return opened


def test_an_import_is_read_compared_and_exported_in_a_line_each(
    mine: OpenExperiment, tmp_path: Path
) -> None:
    rollouts = mine.table("rollouts", iteration=1)
    assert len(rollouts.pandas()) == len(rollouts.arrow) == 16
    assert "16 rows" in rollouts._repr_html_()
    assert " values]</td>" in rollouts._repr_html_()
    logged = mine.table("rollouts", iteration=1, record="ImportedRollout").pandas()
    assert set(logged["step"]) == {2}
    comparison = mine.comparison(iteration=1)
    assert "grpo" in comparison.pandas().index
    assert "no teacher scored these rollouts" in comparison._repr_html_()
    page = mine.report()._repr_html_()
    assert page.startswith("<iframe srcdoc=")
    assert "16 of 16 rows of step 2 became rollouts" in page

    given = mine.advantages("grpo", iteration=1, form="trl")
    rewards = mine.table("rewards", iteration=1).pandas()
    row = given.arrow.slice(0, 1).to_pylist()[0]
    assert row["prompt"] == [{"role": "user", "content": "What is 2 plus 2?"}]
    expected = [pytest.approx(rewards["advantage"][0], rel=1e-6)] * len(row["completion_ids"])
    assert row["advantages"] == expected

    wide = mine.advantages("grpo", iteration=1, form="prime_rl").arrow.slice(0, 1).to_pylist()[0]
    prompt = len(wide["token_ids"]) - len(row["completion_ids"])
    assert wide["mask"] == [False] * prompt + [True] * len(row["completion_ids"])
    assert wide["advantages"] == [0.0] * prompt + row["advantages"]
    scores = mine.advantages("grpo", iteration=1, form="verl").pandas()["token_level_scores"][0]
    assert list(scores) == [0.0] * (len(scores) - 1) + [rewards["reward"][0]]

    given.write(tmp_path / "out.parquet")
    assert pq.read_table(tmp_path / "out.parquet")["advantages"].to_pylist()[0] == expected
    line = given.write(tmp_path / "out.jsonl").read_text().splitlines()[0]
    assert json.loads(line)["advantages"] == expected
    mine.table("problems").write(tmp_path / "folder")
    assert len(load_from_disk(str(tmp_path / "folder"))) == 8
    with pytest.raises(ConfigError, match=r"no export ends in \.csv"):
        given.write(tmp_path / "out.csv")
    with pytest.raises(ConfigError, match="is a folder that no export made"):
        given.write(tmp_path)
    mine.table("rewards").write(tmp_path / "folder")
    assert len(load_from_disk(str(tmp_path / "folder"))) == 16
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith(".")) == []
    with pytest.raises(ConfigError, match="does more than weigh a policy gradient"):
        mine.advantages("sft", iteration=1)
    with pytest.raises(ConfigError, match=r"rlsd was not compared here: .* import them with a"):
        mine.advantages("rlsd", iteration=1)


def test_a_response_without_a_reward_is_neither_right_nor_wrong(tmp_path: Path) -> None:
    rows = [
        {"prompt": "1+1", "completion": str(n), "score": r} for n, r in ((2, 1), (3, 0), (4, None))
    ]
    log = tmp_path / "log.jsonl"
    log.write_text("\n".join(map(json.dumps, rows)))
    file = tmp_path / "mine.yaml"
    request = ImportRequest("generic", log, options={"reward": "score"}, correct_from=1.0)
    file.write_text(declaration(request))
    opened = open_experiment(file, store=str(tmp_path / "store"))
    opened.import_rollouts()
    rewards = opened.table("rewards").arrow
    assert rewards["verdict"].to_pylist() == ["correct", "incorrect", "no_reward"]
    assert rewards["reward"].to_pylist() == [1.0, 0.0, None]
    assert reward_metrics(rewards)["accuracy"] == 0.5
