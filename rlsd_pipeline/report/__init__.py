"""One self-contained HTML page about a comparison of methods.

data.py        the models of a report, which every other module reads
html.py        the page; templates/ has one template a section, elements.html what they share
elements.py    what templates call to make text of cells and sentences
*_table(s).py  the tables of the page, as declared columns
*figures.py    its figures, also usable alone, as heat_map.py is; vector.py makes SVG or PNG of one
report.css     how it looks; drawing.js, notes.js and report.js are the token view

collected/ reads the store. Nothing else here knows where the numbers come from: a report is data
first, and then a page.
"""
