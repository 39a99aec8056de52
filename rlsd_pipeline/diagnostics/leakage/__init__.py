"""Leakage: whether a response uses what only the teacher saw.

    mentions.py      phrases that mention a reference though the student was shown none
    early_answer.py  how far into its reasoning a response first names the answer
    corruption.py    how far the teacher moves when the reference is another problem's

The first two watch the student, the third the teacher. None proves a leak alone: read each beside
the same number for the base policy.
"""
