"""The metadata of an import's assets about their log."""

from typing import TYPE_CHECKING, Any

from rlsd_pipeline.stages.stage import Stage

if TYPE_CHECKING:
    from rlsd_pipeline.artifacts import Artifact


def import_metadata(artifact: "Artifact") -> dict[str, Any]:
    """The counts of an imported log's rows; empty for rollouts that were sampled here."""
    from rlsd_pipeline.artifacts.artifact import file_name
    from schemas import ImportReport

    if file_name(ImportReport, ".json") not in artifact.manifest.files:
        return {}
    report = artifact.record(ImportReport)
    found = {
        "format": report.format,
        "step": report.step,
        "rows": report.rows,
        "rows_used": report.rollouts,
        "rows_unusable": report.unusable,
        "first_unusable": report.first_unusable,
        "token_ids": report.tokens,
        "rows_with_reward": report.with_reward,
        "rows_with_logprobs": report.with_logprobs,
        "advantage_sign": report.advantage_sign,
    }
    return {f"import/{name}": value for name, value in found.items()}


def reward_source(stage: Stage) -> dict[str, str]:
    """The source of the rewards that count, if a log has rewards."""
    from rlsd_pipeline.imports.stages import RewardsImport

    if not isinstance(stage, RewardsImport):
        return {}
    sources = {
        "no": "imported",
        "beside": "imported; verified beside them",
        "instead": "verified; imported beside them",
    }
    return {"reward_source": sources[stage.verify]}
