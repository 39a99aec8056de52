"""All measurements, their tables and pictures: `python -m benchmarks`, or some suites by name.

Every suite keeps its figures in `.bench/SUITE.json`. Tables go into docs/performance.md, between
the marks that bear their names, and pictures beside it.
"""

import argparse
import json

from benchmarks.plots import draw
from benchmarks.report import write_tables
from benchmarks.suites import FOLDER, SUITES
from benchmarks.timing import take_turns


def main() -> None:
    """Measure, then write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("suites", nargs="*", help=f"some of {', '.join(SUITES)}; all by default")
    parser.add_argument("--report", action="store_true", help="write what is measured already")
    given = parser.parse_args()
    for name in given.suites:
        if name not in SUITES:
            parser.error(f"no suite {name!r}; there are {', '.join(SUITES)}")
    FOLDER.mkdir(exist_ok=True)
    for name in () if given.report else given.suites or SUITES:
        suite = SUITES[name]()
        figures = take_turns(suite.cases, suite.rounds)
        (FOLDER / f"{name}.json").write_text(json.dumps(figures, indent=1))
    found = {path.stem: json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))}
    write_tables(found)
    draw(found)


if __name__ == "__main__":
    main()
