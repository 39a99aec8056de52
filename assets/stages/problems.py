"""The `problems` asset."""

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

import dagster as dg

from assets.declared import Declared, materialized
from assets.failures import own_message_first
from assets.stages.checks import blocking, result
from assets.stages.config import StageConfig
from rlsd_pipeline.stages.iteration.problems import ProblemsStage
from rlsd_pipeline.stages.stage import Stage

if TYPE_CHECKING:
    from rlsd_pipeline.artifacts import Artifact
    from rlsd_pipeline.stages.workspace import StageRun

GOLD_ANSWERS = "gold_answers_verify"


def build(declared: Declared) -> Iterator[dg.AssetsDefinition]:
    """Questions, images and privileged answers of the declared data set."""
    stage = declared.stage(ProblemsStage)

    @dg.asset(
        **declared.asset(stage),
        check_specs=blocking(
            declared.key(stage.name),
            None,
            **{GOLD_ANSWERS: "The verifier accepts every problem's own gold answer."},
        ),
    )
    def problems(
        context: dg.AssetExecutionContext, config: StageConfig
    ) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
        with own_message_first():
            run = declared.at(context, recompute=config.recompute)
            yield from made(declared, stage, run, context.log)

    yield problems


def made(
    declared: Declared, stage: Stage, run: "StageRun", log: dg.DagsterLogManager
) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
    """The materialization of the stage, then its check."""
    from rlsd_pipeline.data.blind import blind_baseline
    from rlsd_pipeline.verifiers.golds import classify

    artifact, workspace = stage.make(run), run.workspace
    known = list(workspace.problems(artifact).values())
    train, test = ([p for p in known if p.split == split] for split in ("train", "test"))
    golds = classify(workspace.verifier, known)
    yield materialized(
        artifact,
        {
            "rows": len(known),
            "golds_by_kind": {kind.value: count for kind, count in golds.by_kind.items()},
            "golds_only_text": len(golds.only_text),
            "first_golds_only_text": golds.only_text[:50],
            "splits": dict(Counter(problem.split for problem in known)),
            "blind_baseline": blind_baseline(train, test) if train and test else None,
            "first_rows": dg.MetadataValue.table(
                [
                    dg.TableRecord(
                        {"problem": p.problem_id, "question": p.question, "answer": p.answer}
                    )
                    for p in known[:8]
                ]
            ),
        },
    )
    yield from check(declared, run, artifact)


def check(
    declared: Declared, run: "StageRun", artifact: "Artifact"
) -> Iterator[dg.AssetCheckResult]:
    """The check of the stage on an artifact of it."""
    from rlsd_pipeline.verifiers.verifier import check_gold

    known = run.workspace.problems(artifact).values()
    rejected = check_gold(run.workspace.verifier, list(known))
    key = declared.key(ProblemsStage.name)
    yield result(key, GOLD_ANSWERS, len(rejected), "gold answers are rejected")
