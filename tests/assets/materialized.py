"""What Dagster knows of the partitions of one experiment, and how one is made anew."""

import dagster as dg
from dagster._core.definitions.data_version import CachingStaleStatusResolver
from dagster._utils.test.data_versions import get_stale_status_resolver

from assets.cli.loop import Loop
from assets.declared import Declared
from assets.graph import stage_assets
from assets.partitions import partition_key
from rlsd_pipeline.artifacts import ArtifactStore

Opened = tuple[Loop, dg.DagsterInstance]
Known = tuple[Declared, dg.DagsterInstance, ArtifactStore]


def events(
    instance: dg.DagsterInstance, key: dg.AssetKey, arm: str, iteration: int
) -> list[dg.AssetMaterialization]:
    """The materializations of one partition, oldest first."""
    wanted = dg.AssetRecordsFilter(asset_key=key, asset_partitions=[partition_key(arm, iteration)])
    records = instance.fetch_materializations(wanted, limit=20, ascending=True).records
    return [record.asset_materialization for record in records]


def newest(opened: Opened, stage: str, arm: str, iteration: int) -> tuple[object, str]:
    """Cache state and data version of the newest materialization of one partition."""
    event = events(opened[1], opened[0].declared.key(stage), arm, iteration)[-1]
    return event.metadata["cache"].value, event.tags["dagster/data_version"]


def stale(opened: Opened) -> CachingStaleStatusResolver:
    return get_stale_status_resolver(opened[1], stage_assets(opened[0].declared))


def redo(opened: Opened, stage: str, arm: str, iteration: int, **options: object) -> None:
    """Materialize one partition of one stage with what the launchpad offers."""
    loop, instance = opened
    key = loop.declared.key(stage)
    name = key.to_python_identifier()
    run = dg.materialize(
        stage_assets(loop.declared),
        selection=[key],
        partition_key=partition_key(arm, iteration),
        instance=instance,
        run_config={
            "ops": {name: {"config": options}},
            "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
        },
    )
    assert run.success


def latest(
    instance: dg.DagsterInstance, key: dg.AssetKey, partition: str | None = None
) -> dg.AssetMaterialization:
    """The newest materialization of an asset, or of one of its partitions."""
    wanted = dg.AssetRecordsFilter(key, asset_partitions=[partition] if partition else None)
    (record,) = instance.fetch_materializations(wanted, limit=1).records
    assert record.asset_materialization is not None
    return record.asset_materialization
