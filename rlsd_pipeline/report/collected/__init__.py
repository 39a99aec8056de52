"""The report of an experiment's artifacts: everything is read from the store.

collect.py      the whole report
curves.py       learning curves with bands over seeds
quantities.py   the quantities of an iteration that have a curve
numbers.py      the numbers of each iteration
training_curves.py  their curves, for report, results and a running training
sparklines.py   the same curves as text
recordings.py   the recordings of each arm, iteration by iteration
diagnostics.py  properties, dynamics, leakage and information, as small tables
learning.py     learning against the fidelity of the credit
comparison.py   all methods on the same tokens
tokens.py       rollouts, token by token
"""
