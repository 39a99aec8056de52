"""The `problems` asset."""

from collections import Counter
from collections.abc import Iterator

import dagster as dg

from assets.declared import Declared, materialized
from assets.stages.checks import blocking, result
from assets.stages.config import StageConfig

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
        from rlsd_pipeline.stages.problems import make_problems
        from rlsd_pipeline.verifiers.verifier import check_gold

        declared.claim(context)
        workspace = declared.workspace()
        artifact = make_problems(workspace, recompute=config.recompute)
        known = list(workspace.problems(artifact).values())
        train, test = ([p for p in known if p.split == split] for split in ("train", "test"))
        yield materialized(
            artifact,
            {
                "dagster/row_count": len(known),
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
        rejected = check_gold(workspace.verifier, known)
        yield result(key, GOLD_ANSWERS, len(rejected), "gold answers are rejected")

    return problems
