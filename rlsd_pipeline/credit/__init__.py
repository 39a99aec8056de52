"""Credit over whole tables: inputs and streams of the methods, and their comparison.

tables.py       token tables -> the inputs of a method; streams -> columns
branches.py     where responses of a group part, and what the mean reward changes by
segments.py     the reasoning, answer and format tokens of a response
selection.py    the tokens that a small difference of log-probabilities selects
rounding.py     how many of them rounding alone would select
signs.py        tokens whose credit has the opposite sign of their response's advantage
summary.py      the numbers of one table that are drawn as curves
comparison.py   all methods on the same table
fidelity.py     how close a method's credit comes to the true advantages
"""
