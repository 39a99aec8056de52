"""Intervals, tests and power: what the tables print beside a number.

intervals.py    of a score and of a paired difference, over questions
bootstrap.py    of a ratio over problems
paired.py       two policies on the same questions
methods.py      a method over several seeds, and its difference to another
shares.py       the ratio of two paired gains
seed_spread.py  the spread of a difference over seeds, and what questions cause of it
seed_power.py   how many seeds show a difference
power.py        the smallest difference that a benchmark can show
"""
