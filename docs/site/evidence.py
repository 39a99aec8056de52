"""Write every block of a page that a record makes again, without the store.

    python docs/site/evidence.py

It follows a change of a record, or of how it is shown. `rlsd page EXPERIMENT --out docs/PAGE.md`
makes the record of a whole page; a benchmark's `--record docs/records/NAME.json` that of a table.
What a command prints is kept as it is:

    rlsd results easy_vqa | python docs/site/evidence.py quickstart "make demo"
"""

import sys
from pathlib import Path

from benchmarks.records import FOLDER, measured, with_records, write
from rlsd_pipeline.page.document import read_record, write_page

DOCS = Path(__file__).parents[1]


def main() -> None:
    """Keep what is piped in, if its record is named, and write the pages."""
    if sys.argv[1:]:
        name, command = sys.argv[1:]
        lines = sys.stdin.read().rstrip().split("\n")
        write(FOLDER / f"{name}.json", measured(command, printed=lines))
    for record in sorted(DOCS.glob("*/record.json")):
        page = record.parent.with_suffix(".md")
        write_page(read_record(page), page)
        print(page)
    for page in [DOCS.parent / "README.md", *sorted(DOCS.glob("*.md"))]:
        before = page.read_text()
        after = with_records(before)
        if after != before:
            page.write_text(after)
            print(page)


if __name__ == "__main__":
    main()
