"""Tables: columns declared once, cells read from records, and a renderer for each place.

table.py      a table and its columns
numbers.py    how numbers are written
documents.py  Markdown, LaTeX and CSV
results.py    the columns of the results
credit.py     the columns of compared methods: credit, fidelity, gradients, lookahead
headroom.py   the oracle's gain, and every method's share of it

The terminal (`assets/cli/fitted.py`), Dagster (`assets/stages/cells.py`) and the report
(`rlsd_pipeline/report/elements.py`) have a renderer each.
"""
