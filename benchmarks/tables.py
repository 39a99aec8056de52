"""Writing, reading and comparing tables of cached tokens: `python -m benchmarks.tables`.

Tables of random rollouts are validated and written to Parquet, read back, and compared as
`rlsd compare` does.
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from benchmarks.timing import added, emit, resident
from rlsd_pipeline.artifacts.tables import to_table
from rlsd_pipeline.credit.comparison import (
    rank_correlations,
    summarize,
    token_credit,
    within_responses,
)
from rlsd_pipeline.credit.tables import read_credit, segments_of
from rlsd_pipeline.verifiers.extractions.answer_tag import AnswerTag
from rlsd_pipeline.weighting import METHODS
from schemas import Reward, Rollout, TokenLogprobs

GROUP, TOKENS = 8, 64
TEXT = "<think>" + "ab " * (TOKENS - 4) + "</think><answer>yes</answer>"


def columns(tokens: int, rng: np.random.Generator) -> dict[type, dict[str, object]]:
    """Columns of rollouts, rewards and log-probabilities with at least so many tokens."""
    count = -(-tokens // (TOKENS * GROUP)) * GROUP
    names = [f"problem-{row // GROUP}#{row % GROUP}" for row in range(count)]
    problems = [f"problem-{row // GROUP}" for row in range(count)]
    words = [7 + 3 * place for place in range(1, TOKENS - 3)]
    ends = np.array([7, *words, len(TEXT) - 12, len(TEXT) - 9, len(TEXT)])
    ids = rng.integers(0, 400, (count, TOKENS), dtype=np.int32)
    student = -rng.exponential(0.5, (count, TOKENS)).astype(np.float32)
    teacher = np.minimum(student + rng.normal(0, 0.3, student.shape), 0).astype(np.float32)
    right = rng.random(count) < 0.5
    return {
        Rollout: {
            "rollout_id": names,
            "problem_id": problems,
            "sample_index": [row % GROUP for row in range(count)],
            "prompt_ids": [[1, 2, 3]] * count,
            "completion_ids": ids,
            "completion": [TEXT] * count,
            "token_ends": [ends] * count,
            "rollout_logprobs": student,
            "finish_reason": ["stop"] * count,
        },
        Reward: {
            "rollout_id": names,
            "problem_id": problems,
            "verdict": np.where(right, "correct", "incorrect").tolist(),
            "extracted": ["yes"] * count,
            "format_ok": [True] * count,
            "reward": right.astype(float),
            "advantage": np.where(right, 1.0, -1.0),
        },
        TokenLogprobs: {
            "rollout_id": names,
            "completion_ids": ids,
            "student_logprobs": student,
            "teacher_logprobs": teacher,
            "teacher_plain_logprobs": [None] * count,
        },
    }


def write(made: dict[type, dict[str, object]], folder: Path) -> list[Path]:
    """Validate the columns and write one file a schema, as the store does."""
    paths = [folder / f"{schema.__name__}.parquet" for schema in made]
    for (schema, given), path in zip(made.items(), paths, strict=True):
        table = to_table(schema, given)
        pq.write_table(table, path, compression="zstd", row_group_size=512)
    return paths


def compare(paths: list[Path]) -> dict[str, float]:
    """Seconds by part."""
    extraction = AnswerTag()
    seconds, started = {}, time.perf_counter()

    def lap(name: str) -> None:
        nonlocal started
        seconds[name] = time.perf_counter() - started
        started = time.perf_counter()

    rollouts, rewards, logprobs = (pq.read_table(path) for path in paths)
    lap("read")
    credit = read_credit(rollouts, rewards, logprobs, extraction)
    segments = segments_of(rollouts, extraction)
    lap("columns")
    methods = {cls.model_validate({}).type: cls.model_validate({}) for cls in METHODS}
    credits = {name: token_credit(m.streams(credit), credit).numpy() for name, m in methods.items()}
    lap("methods")
    for name, values in credits.items():
        summarize(name, methods[name], values, credit, segments, 0.95)
    lap("summaries")
    rank_correlations(credits)
    rows = credit.rows.numpy()
    rank_correlations({n: within_responses(v, rows) for n, v in credits.items()})
    lap("correlations")
    return seconds


def main() -> None:
    """Time one size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tokens", type=int, default=1_000_000)
    given = parser.parse_args()
    made = columns(given.tokens, np.random.default_rng(0))
    before = resident()
    with tempfile.TemporaryDirectory(prefix="rlsd-tables-") as folder:
        started = time.perf_counter()
        paths = write(made, Path(folder))
        seconds = {"write": time.perf_counter() - started} | compare(paths)
        size = sum(path.stat().st_size for path in paths)
    emit(seconds | {"bytes": size / given.tokens, "megabytes": added(before)})


if __name__ == "__main__":
    main()
