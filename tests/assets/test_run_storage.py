"""What the UI knows of a run that the command line made."""

from pathlib import Path

import dagster as dg
import pytest

from assets.cli.loop import open_instance
from assets.run_storage import SHOWN_TAGS


@dg.job(name="easy_vqa_train")
def trained() -> None:
    """A job of that name."""


@pytest.mark.parametrize(("tags", "found"), [(SHOWN_TAGS, True), ({}, False)])
def test_a_run_is_found_under_the_job_of_the_ui_and_is_not_retried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tags: dict[str, str], found: bool
) -> None:
    monkeypatch.setenv("RLSD_HOME", str(tmp_path))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "dagster"))
    label = {".dagster/repository": "__repository__@assets.definitions"}
    with open_instance() as instance:
        trained.execute_in_process(instance=instance, tags=tags)
        runs = instance.get_runs(dg.RunsFilter(job_name="easy_vqa_train", tags=label))
        assert len(runs) == found
        for run in runs:
            origin = run.remote_job_origin
            assert origin is not None
            assert (origin.location_name, origin.job_name) == ("assets.definitions", run.job_name)
            assert run.tags["dagster/max_retries"] == "0"
