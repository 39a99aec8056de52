"""The `problems` asset."""

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import dagster as dg

from assets.declared import Declared
from assets.stages.cells import table_of_rows
from assets.stages.checks import result
from assets.stages.stage_asset import shown_by, stage_asset
from rlsd_pipeline.stages.iteration.problems import ProblemsStage

if TYPE_CHECKING:
    from rlsd_pipeline.artifacts import Artifact
    from rlsd_pipeline.stages.workspace import StageRun

GOLD_ANSWERS = "gold_answers_verify"


def build(declared: Declared) -> Iterator[dg.AssetsDefinition]:
    """Questions, images and privileged answers of the declared data set."""
    checks = {GOLD_ANSWERS: "The verifier accepts every problem's own gold answer."}
    yield stage_asset(declared, declared.stage(ProblemsStage), made, checks=checks)


def _page(run: "StageRun", artifact: "Artifact") -> dict[str, Any]:
    from rlsd_pipeline.data.blind import blind_baseline
    from rlsd_pipeline.verifiers.golds import classify

    known = list(run.workspace.problems(artifact).values())
    train, test = ([p for p in known if p.split == split] for split in ("train", "test"))
    golds = classify(run.workspace.verifier, known)
    first = [
        {"problem": p.problem_id, "question": p.question, "answer": p.answer} for p in known[:8]
    ]
    return {
        "rows": len(known),
        "golds_by_kind": {kind.value: count for kind, count in golds.by_kind.items()},
        "golds_only_text": len(golds.only_text),
        "first_golds_only_text": golds.only_text[:50],
        "splits": dict(Counter(problem.split for problem in known)),
        "blind_baseline": blind_baseline(train, test) if train and test else None,
        "first_rows": table_of_rows(first),
    }


def check(
    declared: Declared, run: "StageRun", artifact: "Artifact"
) -> Iterator[dg.AssetCheckResult]:
    """The check of the stage on an artifact of it."""
    from rlsd_pipeline.verifiers.verifier import check_gold

    known = run.workspace.problems(artifact).values()
    rejected = check_gold(run.workspace.verifier, list(known))
    key = declared.key(ProblemsStage.name)
    yield result(key, GOLD_ANSWERS, len(rejected), "gold answers are rejected")


made = shown_by(_page, check)
