"""Print the contracts as JSON Schema: `python -m schemas [NAME] [--out DIR]`."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from schemas import (
    BenchmarkResponse,
    BenchmarkScore,
    ComparedCredit,
    Contract,
    GradientComparison,
    ImportedRollout,
    ImportReport,
    InformationGap,
    ItemVerdict,
    Lookahead,
    Manifest,
    PolicyCheckpoint,
    Problem,
    QuestionScore,
    Reference,
    Results,
    Reward,
    Rollout,
    StateRewards,
    TeacherDistribution,
    TokenLogprobs,
    TokenValues,
    TokenWeights,
    WeightingComparison,
)

CONTRACTS: dict[str, type[Contract]] = {
    contract.__name__: contract
    for contract in (
        Problem,
        Rollout,
        Reward,
        TokenLogprobs,
        TeacherDistribution,
        StateRewards,
        TokenValues,
        TokenWeights,
        WeightingComparison,
        ComparedCredit,
        ImportedRollout,
        ImportReport,
        GradientComparison,
        InformationGap,
        PolicyCheckpoint,
        BenchmarkResponse,
        ItemVerdict,
        QuestionScore,
        BenchmarkScore,
        Results,
        Lookahead,
        Manifest,
        Reference,
    )
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Print one schema, or all of them by name; with `--out`, write one file each."""
    parser = argparse.ArgumentParser(prog="python -m schemas", description=__doc__)
    parser.add_argument("name", nargs="?", choices=CONTRACTS, help="one contract; default: all")
    parser.add_argument("--out", type=Path, help="folder to write one file per contract to")
    options = parser.parse_args(arguments)

    names = [options.name] if options.name else list(CONTRACTS)
    schemas: dict[str, Any] = {name: CONTRACTS[name].model_json_schema() for name in names}
    if options.out is None:
        print(_as_text(schemas[options.name] if options.name else schemas))
        return
    options.out.mkdir(parents=True, exist_ok=True)
    for name, schema in schemas.items():
        (options.out / f"{name}.json").write_text(_as_text(schema) + "\n", encoding="utf-8")


def _as_text(schema: dict[str, Any]) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False)


if __name__ == "__main__":
    main()
