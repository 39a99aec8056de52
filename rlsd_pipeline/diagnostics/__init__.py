"""Diagnostics of a privileged teacher: information, deviation, leakage, and three properties.

    mutual_information.py  Theorem 1 and Proposition 1 on rollouts: I, L*, the deviation ratio ρ
    group_information.py   the same under a group's own answers, unbiased, and over many groups
    distributions.py       divergences between next-token distributions
    moments.py             entropy, length and distance to the teacher of one iteration
    divergence_curve.py    where the distance to the teacher stops to fall, over iterations
    leakage/               whether responses use what only the teacher saw
    properties/            stability, sustained improvement, no leakage, decided from recordings

Everything here reads arrays and texts that a run recorded; nothing samples or trains.
Source: docs/method.md, eq. 27 to 30; arXiv 2604.03128, Theorem 1 and Proposition 1.
"""
