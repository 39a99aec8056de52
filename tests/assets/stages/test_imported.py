"""What the UI shows of an imported log."""

from types import SimpleNamespace
from typing import Any

from assets.stages.imported import import_metadata, reward_source
from rlsd_pipeline.artifacts.artifact import file_name
from rlsd_pipeline.imports.stages import RewardsImport
from rlsd_pipeline.stages.iteration.rewards import RewardsStage
from schemas import ImportReport


def artifact(*files: str) -> Any:
    """An artifact that holds some files, and the example of a report."""
    report = ImportReport.model_validate(ImportReport.example)
    return SimpleNamespace(
        manifest=SimpleNamespace(files=dict.fromkeys(files)), record=lambda _: report
    )


def test_an_import_shows_the_counts_of_its_rows() -> None:
    told = import_metadata(artifact(file_name(ImportReport, ".json")))
    assert (told["import/rows"], told["import/rows_used"]) == (16, 15)
    assert told["import/rows_unusable"] == {"no response": 1}
    assert told["import/first_unusable"] == {"no response": "completions_00002.parquet, row 3"}


def test_what_was_sampled_here_shows_none() -> None:
    assert import_metadata(artifact("rollout.parquet")) == {}


def test_the_source_of_rewards_is_told_of_an_import() -> None:
    assert reward_source(RewardsStage()) == {}
    assert reward_source(RewardsImport()) == {"reward_source": "imported"}
    verified = reward_source(RewardsImport(verify="instead"))
    assert verified == {"reward_source": "verified; imported beside them"}
