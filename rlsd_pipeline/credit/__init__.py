"""Credit over whole tables: what the methods read and write, and how they compare.

tables.py       token tables -> what a method reads; streams -> columns
segments.py     which tokens are reasoning, answer and format
signs.py        does a token pull against its reward?
summary.py      numbers of one table worth a curve
comparison.py   all methods on the same table
"""
