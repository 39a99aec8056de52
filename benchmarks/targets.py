"""The targets of the measurements, and whether they are met."""

from typing import NamedTuple

from benchmarks.suites import GROWTH
from benchmarks.timing import Figures, Suites, growth, median, ratio


class Target(NamedTuple):
    """One line of the table.

    Attributes:
        work: What is compared.
        asked: The target.
        found: The figure.
        show: How it is written.
        met: Whether it meets the target.
    """

    work: str
    asked: str
    found: float
    show: str
    met: bool


def _at_least(work: str, asked: float, found: float, what: str = "times as fast") -> Target:
    return Target(work, f"at least {asked:g} {what}", found, "{:.1f}", found >= asked)


def _steps(found: Suites) -> list[Target]:
    peers = found["peers"]

    def against(setting: str, ours: str) -> float:
        return ratio(peers[f"{setting}/trl"]["step_wall"], peers[f"{setting}/{ours}"]["wall"])

    wide, narrow = "256 image tokens", "16 image tokens"
    return [
        _at_least(f"GRPO step, {wide}, against TRL's", 5, against(wide, "grpo")),
        _at_least(f"RLSD step, {wide}, against TRL's GRPO step", 4, against(wide, "rlsd")),
        _at_least(f"GRPO step, {narrow}, against TRL's", 2.5, against(narrow, "grpo")),
    ]


def _parts(found: Suites) -> list[Target]:
    def of(part: str, form: str) -> Figures:
        return found["parts"][f"256 image tokens/{part}/{form}"]

    def times(part: str, form: str) -> float:
        return ratio(of(part, form)["wall"], of(part, "shared")["wall"])

    memory = max(of("update", "shared")["megabytes"]) / max(of("update", "plain")["megabytes"])
    return [
        _at_least("scoring, against the plain form", 6, times("scoring", "plain")),
        _at_least("update, against the plain form", 7, times("update", "plain")),
        Target("memory added by the update", "at most 25 %", memory, "{:.0%}", memory <= 0.25),
        _at_least("sampling, against `generate`", 3, times("sampling", "generate")),
    ]


def _rates(found: Suites) -> list[Target]:
    share = median(found["floor"]["512"]["share"])
    case = found["weighting"]["weighting"]
    slowest = max(median(v) for name, v in case.items() if name != "copy")
    copies = slowest / median(case["copy"])
    both = found["pipeline"]["pipeline"]
    over = ratio(both["pipeline"], both["bare"]) - 1
    return [
        Target(
            "share of the matrix-product rate, update, hidden size 512",
            "at least half",
            share,
            "{:.0%}",
            share >= 0.5,
        ),
        Target(
            "ten million tokens, the slowest method",
            "at most 6 copies",
            copies,
            "{:.1f}",
            copies <= 6,
        ),
        Target("pipeline over the bare loop", "at most 10 %", over, "{:.1%}", over <= 0.10),
    ]


def _growth(found: Suites) -> list[Target]:
    targets, cases = [], found["growth"]
    for what, sizes in GROWTH.items():
        walls = [median(cases[f"{what}/{size}/grpo"]["wall"]) for size in sizes]
        exponent = growth(list(sizes), walls)
        asked = "no worse than linear"
        targets.append(Target(f"growth in {what}", asked, exponent, "{:.2f}", exponent <= 1.05))
    return targets


def reached(found: Suites) -> list[Target]:
    """All of them."""
    return [*_steps(found), *_parts(found), *_rates(found), *_growth(found)]
