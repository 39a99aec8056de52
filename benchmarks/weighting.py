"""Weighting cached tokens in memory against copying them: `python -m benchmarks.weighting`.

The copy is of the token columns that every table of credit holds: student and teacher
log-probability, row and segment. Times are of the processor, so that other work does not count.
"""

import argparse
import dataclasses
import time
from collections.abc import Callable

import torch

from benchmarks.records import add_record, keep
from benchmarks.report import weighting
from benchmarks.timing import emit
from rlsd_pipeline.advantages.standardised import Standardised
from rlsd_pipeline.credit.columns import ALTERED, ASKED, BASE, SIBLINGS
from rlsd_pipeline.weighting import METHODS
from rlsd_pipeline.weighting.method import Credit

GROUP, VOCABULARY = 8, 1000
SHORTEST, LONGEST = 32, 96
"""Tokens of a response; any number between them is as likely."""


def credit_of(tokens: int, shared: float = 0.0) -> Credit:
    """Random responses of various lengths.

    Args:
        tokens: Of all responses, in the mean.
        shared: Share of a response's tokens with which all of its group begin.
    """
    generator = torch.Generator().manual_seed(0)
    count = 2 * tokens // (SHORTEST + LONGEST)
    lengths = torch.randint(SHORTEST, LONGEST + 1, (count,), generator=generator)
    rows = torch.arange(count).repeat_interleave(lengths)
    student = -torch.rand(len(rows), generator=generator)
    noise = torch.randn(len(rows), generator=generator)

    def near() -> torch.Tensor:
        return (student + 0.3 * torch.randn(len(student), generator=generator)).clamp(max=0)

    rewards = (torch.rand(count, generator=generator) < 0.5).float()
    groups = torch.arange(count) // GROUP
    token_ids = torch.randint(VOCABULARY, (len(rows),), generator=generator)
    places = torch.arange(len(rows)) - (lengths.cumsum(0) - lengths)[rows]
    stems = torch.randint(VOCABULARY, (int(groups[-1]) + 1, LONGEST), generator=generator)
    scores = SIBLINGS | ALTERED | {BASE}
    common = places < (shared * lengths)[rows]
    token_ids[common] = stems[groups[rows[common]], places[common]]
    return Credit(
        rewards=rewards,
        correct=rewards > 0,
        advantages=Standardised().advantages(rewards, groups),
        groups=groups,
        informed=torch.ones(count, dtype=torch.bool),
        rows=rows,
        reasoning=torch.ones(len(rows), dtype=torch.bool),
        student_logprobs=student,
        teacher_logprobs=(student + 0.3 * noise).clamp(max=0),
        true_advantages=noise,
        token_ids=token_ids,
        **{name: near() for name in scores},
        **{name: -near() for name in ASKED - scores},
    )


def seconds(run: Callable[[], object]) -> float:
    """Processor time of one run."""
    start = time.process_time()
    run()
    return time.process_time() - start


def main() -> None:
    """Time a copy and every method in turns."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tokens", type=int, default=10_000_000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--shared", type=float, default=0.0, help="Share that a group begins with.")
    parser.add_argument("--threads", type=int, default=2)
    add_record(parser)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    credit = credit_of(given.tokens, given.shared)
    assert credit.teacher_logprobs is not None
    columns = credit.student_logprobs, credit.teacher_logprobs, credit.rows, credit.reasoning
    methods = {cls.model_validate({}).type: cls.model_validate({}) for cls in METHODS}
    found: dict[str, list[float]] = {"copy": [], **{name: [] for name in methods}}
    for _ in range(given.repeats + 1):
        found["copy"].append(seconds(lambda: [column.clone() for column in columns]))
        for name, method in methods.items():
            # A table of its own: what one method has derived from it is not lent to the next.
            fresh = dataclasses.replace(credit)
            found[name].append(seconds(lambda m=method, c=fresh: m.streams(c)))
    kept = {name: values[1:] for name, values in found.items()}
    threads, repeats, shared = given.threads, given.repeats, given.shared
    command = f"python -m benchmarks.weighting --threads {threads} --repeats {repeats}"
    suites = {"weighting": {"weighting": kept}}
    keep(given.record, f"{command} --shared {shared:g}", *weighting(suites))
    emit(kept)


if __name__ == "__main__":
    main()
