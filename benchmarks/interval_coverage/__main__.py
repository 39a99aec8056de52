"""Simulate every printed interval and p-value and write docs/coverage.md's tables.

    python -m benchmarks.interval_coverage [--only WORDS] [--divisor N]

A part, or fewer tables, is printed and not written.
"""

import argparse
import time

from benchmarks.interval_coverage.conditions import rate
from benchmarks.interval_coverage.document import key, write
from benchmarks.interval_coverage.groups import GROUPS


def main() -> None:
    """Simulate, print each line as it comes, then write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="lines whose name has these words")
    parser.add_argument("--divisor", type=int, default=1, help="of the number of tables")
    given = parser.parse_args()
    groups, found = [make() for make in GROUPS], {}
    for group in groups:
        for one in group.conditions:
            if given.only in one.name:
                found[key(one)] = rate(one, given.divisor)
                print(f"{one.name} | {one.setting} | {found[key(one)]:.3f}", flush=True)
    if not given.only and given.divisor == 1:
        write(groups, found, time.process_time())


if __name__ == "__main__":
    main()
