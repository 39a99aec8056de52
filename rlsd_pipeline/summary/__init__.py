"""An experiment's artifacts as a report: everything is read from the store, nothing computed anew.

collect.py      the whole report
table.py        the methods' scores, beside what the paper reports
curves.py       learning curves with bands over seeds
quantities.py   what of an iteration has a curve
numbers.py      what each iteration came to, in numbers
training_curves.py  their curves, for report, results and a running training
sparklines.py   the same curves as text
recordings.py   what each arm recorded, iteration by iteration
diagnostics.py  properties, dynamics, leakage and information, as small tables
learning.py     what was learnt, against the fidelity of the credit
comparison.py   all methods on the same tokens
tokens.py       rollouts, token by token
"""
