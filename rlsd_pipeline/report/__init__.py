"""One self-contained HTML page about a comparison of methods.

data.py        the models of a report, which every other module reads
figures.py     its figures, also usable alone; vector.py turns one into SVG or PNG
html.py        the page; sections.py, learning_view.py, method_table.py, tables.py and tokens.py are
               its parts
report.css     how it looks; drawing.js, notes.js and report.js are the token view

collected/ reads the store. Nothing else here knows where the numbers come from: a report is data
first, and then a page.
"""
