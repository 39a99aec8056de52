"""The `problems` asset."""

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

import dagster as dg

from assets.declared import Declared, materialized
from assets.stages.checks import blocking, result
from assets.stages.config import StageConfig

if TYPE_CHECKING:
    from rlsd_pipeline.artifacts import Artifact

GOLD_ANSWERS = "gold_answers_verify"


def problems_asset(declared: Declared) -> dg.AssetsDefinition:
    """Questions, images and privileged answers of the declared data set."""
    key = declared.key("problems")

    @dg.asset(
        **declared.whole_asset("problems", "Questions with images and privileged answers."),
        deps=[
            declared.key(f"benchmark_items.{benchmark.name}")
            for benchmark in declared.experiment.evaluation.public
        ],
        check_specs=blocking(
            key, **{GOLD_ANSWERS: "The verifier accepts every problem's own gold answer."}
        ),
    )
    def problems(
        context: dg.AssetExecutionContext, config: StageConfig
    ) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
        from rlsd_pipeline.data.blind import blind_baseline
        from rlsd_pipeline.stages.iteration.problems import make_problems
        from rlsd_pipeline.verifiers.golds import classify

        declared.claim(context)
        workspace = declared.workspace()
        artifact = make_problems(workspace, recompute=config.recompute)
        known = list(workspace.problems(artifact).values())
        train, test = ([p for p in known if p.split == split] for split in ("train", "test"))
        golds = classify(workspace.verifier, known)
        yield materialized(
            artifact,
            {
                "dagster/row_count": len(known),
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
        yield problems_check(declared, artifact)

    return problems


def problems_check(declared: Declared, artifact: "Artifact") -> dg.AssetCheckResult:
    """The check of the stage on an artifact of it."""
    from rlsd_pipeline.verifiers.verifier import check_gold

    workspace = declared.workspace()
    rejected = check_gold(workspace.verifier, list(workspace.problems(artifact).values()))
    return result(
        declared.key("problems"), GOLD_ANSWERS, len(rejected), "gold answers are rejected"
    )
