"""What the UI says after something went wrong, was made anew, or was begun elsewhere.

Screenshots go to the folder that RLSD_SCREENSHOTS names.
"""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rlsd_pipeline.stages.registry import ITERATION_STAGES
from tests.ui.conftest import RLSD, UPDATES, Opened, environment, until
from tests.ui.test_ui import ARM, ENDED, OTHER, complete, shoot, status

STALE = """query ($path: [String!]!, $partition: String!) {
  assetNodeOrError(assetKey: {path: $path}) { ... on AssetNode {
    staleStatus(partition: $partition) } } }"""


def said(checkout: Path, opened: Opened, *command: str) -> str:
    """What a command prints, beside the open UI."""
    given = environment(checkout, opened.home)
    ran = subprocess.run([*RLSD, *command], env=given, cwd=checkout, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def stale(opened: Opened, asset: str, partition: str) -> str:
    asked = opened.ask(STALE, path=["small", asset], partition=partition)
    return str(asked["assetNodeOrError"]["staleStatus"])


def ended(opened: Opened, run_id: str) -> str:
    until(lambda: status(opened, run_id) in ENDED)
    return status(opened, run_id)


@pytest.fixture(scope="module", autouse=True)
def trained(opened: Opened) -> dict[str, int]:
    """How many updates both arms have had: what they have, and two at least."""
    updates = {}
    for arm in (ARM, OTHER):
        updates[arm] = max(2, len(complete(opened, arm)))
        assert ended(opened, train(opened, arm, updates[arm])) == "SUCCESS"
    return updates


def train(opened: Opened, arm: str, updates: int) -> str:
    config = {"small_iterations": {"config": {"updates": updates}}}
    return opened.launch("small_train", arm, ops=config)


def is_within(page: Any) -> bool:
    """Whether the page is no wider than its window."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


@pytest.fixture
def mistyped(opened: Opened, checkout: Path) -> Iterator[str]:
    """An experiment with a key that does not exist."""
    folder = checkout / "assets" / "experiments" / "mistyped"
    folder.mkdir()
    text = (folder.with_name("small") / "defs.yaml").read_text()
    (folder / "defs.yaml").write_text(text.replace(f"iterations: {UPDATES}", "iteration: 3"))
    opened.reload()
    yield folder.name
    (folder / "defs.yaml").unlink()
    folder.rmdir()
    opened.reload()


def test_a_bad_experiment_says_why_beside_the_others(
    opened: Opened, page: Any, mistyped: str
) -> None:
    assert {"small", "easy_vqa", "not_loaded"} <= opened.groups()
    page.goto(f"{opened.url}/assets/not_loaded/{mistyped}")
    page.get_by_text("did you mean 'iterations'?").first.wait_for()
    shoot(page, "mistyped")


def test_the_page_that_opens_shows_the_last_runs(opened: Opened, page: Any) -> None:
    page.goto(opened.url)
    page.get_by_text("small_train").first.wait_for()
    shoot(page, "landing")
    assert is_within(page)


def test_what_descends_from_a_new_draw_is_stale_until_it_is_redone(
    opened: Opened, page: Any, checkout: Path, trained: dict[str, int]
) -> None:
    done = trained[OTHER]
    last = f"{OTHER}|{done:03d}"
    assert stale(opened, "policy", last) == "FRESH"
    drawn = opened.materialize("rollouts", f"{OTHER}|000", draw=1)
    assert ended(opened, drawn) == "SUCCESS"
    assert stale(opened, "policy", last) == "STALE"
    page.goto(f"{opened.url}/assets/small/policy?view=partitions&partition={last}")
    page.get_by_text("Unsynced").first.wait_for()
    shoot(page, "stale")
    assert OTHER in said(checkout, opened, "status", "small")
    place = ("--arm", OTHER, "--iteration", "0")
    assert "draw 0 → 1" in said(checkout, opened, "explain", "small", *place, "--stage", "rollouts")

    assert ended(opened, train(opened, OTHER, done)) == "SUCCESS"
    assert stale(opened, "policy", last) == "FRESH"


def test_a_range_of_iterations_is_one_run(opened: Opened) -> None:
    first, second = f"{ARM}|000", f"{ARM}|001"
    backfill = opened.backfill(ITERATION_STAGES, [second, first])
    until(lambda: opened.of_backfill(backfill)["status"] == "COMPLETED_SUCCESS")
    (run,) = opened.of_backfill(backfill)["runs"]
    assert run["status"] == "SUCCESS"


def test_a_failed_run_says_first_what_to_do(opened: Opened, page: Any) -> None:
    missing = f"{OTHER}|040"
    failed = opened.materialize("rollouts", missing)
    assert ended(opened, failed) == "FAILURE"
    page.goto(f"{opened.url}/runs/{failed}")
    page.get_by_text("Materialize small/policy_checkpoint at").first.wait_for()
    shoot(page, "failed")


def test_a_run_of_the_command_line_has_a_job_that_exists(
    opened: Opened, page: Any, checkout: Path
) -> None:
    said(checkout, opened, "evaluate", "small", "--arm", OTHER, "--iteration", "1")
    newest = opened.runs()[0]
    jobs = opened.ask(
        "{ repositoriesOrError { ... on RepositoryConnection { nodes { jobs { name } } } } }"
    )
    nodes = jobs["repositoriesOrError"]["nodes"]
    assert newest["jobName"] in {job["name"] for node in nodes for job in node["jobs"]}
    page.goto(f"{opened.url}/runs/{newest['runId']}")
    again = page.get_by_role("button", name="Re-execute all")
    until(again.is_enabled, 60)
    shoot(page, "of the command line")


@pytest.mark.parametrize(
    ("asset", "expected"),
    [
        ("results", "training curves"),
        ("policy_checkpoint", f"curves of {ARM}"),
        ("rewards", "judged"),
    ],
)
def test_the_page_of_an_asset(
    opened: Opened, page: Any, trained: dict[str, int], asset: str, expected: str
) -> None:
    last = f"{ARM}|{trained[ARM] - 1:03d}"
    chosen = "" if asset == "results" else f"?view=partitions&partition={last}"
    page.goto(f"{opened.url}/assets/small/{asset}{chosen}")
    page.get_by_text(expected).first.wait_for()
    shoot(page, asset)
    assert is_within(page)


@pytest.mark.parametrize("width", [1400, 390])
def test_the_report_fits_desktop_and_phone(
    opened: Opened, page: Any, checkout: Path, width: int
) -> None:
    file = checkout.parent / "report.html"
    said(checkout, opened, "report", "small", "--out", str(file))
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(file.as_uri())
    shoot(page, f"report {width}")
    assert is_within(page)
    assert page.evaluate("document.documentElement.dataset.errors") is None
