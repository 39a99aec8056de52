"""An arm that trains with measured advantages, in the loop and beside other arms."""

import shutil
from collections.abc import Callable
from pathlib import Path

from dagster._core.definitions.data_version import StaleStatus
from dagster._utils.test.data_versions import get_stale_status_resolver

from assets.cli.loop import Loop, open_instance
from assets.cli.train import train_arm
from assets.graph import stage_assets
from rlsd_pipeline.progress import Silent
from tests.iterated import iterate

ARMS = [
    {"weighting": {"type": "grpo"}},
    {"weighting": {"type": "vine", "continuations": 2, "places": {"per_response": 2}}},
]


class Quiet(Silent):
    """Keeps what a training says."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def arm(self, name: str, done: int, total: int) -> None: ...

    def iteration(self, name: str, done: int) -> None: ...

    def say(self, text: str) -> None:
        self.said.append(text)


def test_it_is_trained_and_the_other_arm_stays_fresh(
    trained: Path, home: Path, declare: Callable[..., Path]
) -> None:
    shutil.copytree(trained, home)
    (home / "dagster" / "dagster.yaml").chmod(0o644)
    with open_instance() as instance:
        loop = Loop(declare(arms=ARMS), instance, Silent())
        loop.prepare(["vine-s0"])
        train_arm(loop, Quiet(), "vine-s0", 2)
        assert loop.is_done("vine-s0", 0)
        assert loop.is_done("vine-s0", 1)
        key = loop.declared.key
        values = instance.get_materialized_partitions(key("token_values"))
        assert values == {"vine-s0|000", "vine-s0|001"}
        resolver = get_stale_status_resolver(instance, stage_assets(loop.declared))
        for arm in ("vine-s0", "grpo-s0"):
            status = resolver.get_status(key("token_weights"), f"{arm}|001")
            assert status is StaleStatus.FRESH
        assert loop.is_done("grpo-s0", 1)
        iterate(loop, "grpo-s0", 1)
        assert instance.get_materialized_partitions(key("token_values")) == values
        again = Quiet()
        train_arm(loop, again, "vine-s0", 2)
        assert again.said == ["vine-s0: reused 12 of 12 stages"]
