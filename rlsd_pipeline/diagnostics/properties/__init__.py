"""The three properties the paper tabulates for a method, decided from what runs recorded.

    recording.py              what a seed recorded, and what a decision consists of
    objective_stability.py    no spikes, and no growing away from the teacher
    sustained_improvement.py  above the base, and not below an earlier checkpoint
    leakage_free.py           mentions of the reference do not become more frequent

Each answers yes, no, or None: cannot tell. A yes needs every seed to be measured, none of them to
say no, and the interval over seeds to lie on the right side; one seed that says no is a no.
Tests within seeds are corrected for the number of seeds, so that many seeds raise no false alarm.
"""
