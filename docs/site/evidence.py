"""Write every page of docs/ that a record makes again, without the store.

    python docs/site/evidence.py

`rlsd page EXPERIMENT --out docs/PAGE.md` makes a record; this follows a change of how it is shown.
"""

from pathlib import Path

from rlsd_pipeline.page.document import read_record, write_page

DOCS = Path(__file__).parents[1]

if __name__ == "__main__":
    for record in sorted(DOCS.glob("*/record.json")):
        page = record.parent.with_suffix(".md")
        write_page(read_record(page), page)
        print(page)
