"""The pictures of docs/performance.md."""

from collections.abc import Mapping

import matplotlib as mpl

mpl.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from benchmarks.suites import GROWTH, LARGE, SETTINGS
from benchmarks.timing import ROOT, Figures, Suites, median

FOLDER = ROOT / "docs"
OURS, THEIRS = "#1f6f8b", "#b0b7bf"


def draw(found: Suites) -> None:
    """Every picture whose suite is measured."""
    if "peers" in found:
        _steps({**found["peers"], **found.get("large", {})})
    if "growth" in found:
        _growth(found["growth"])


def _steps(cases: Mapping[str, Figures]) -> None:
    settings = [name for name in {**SETTINGS, **LARGE} if f"{name}/trl" in cases]
    figure, axes = plt.subplots(figsize=(8, 3.4), layout="constrained")
    bars = {
        "GRPO, TRL": ("trl", "step_wall", THEIRS),
        "RLSD, ours": ("rlsd", "wall", "#7fb3c4"),
        "GRPO, ours": ("grpo", "wall", OURS),
    }
    for place, (label, (case, name, colour)) in enumerate(bars.items()):
        values = [cases[f"{setting}/{case}"][name] for setting in settings]
        middle = [median(each) for each in values]
        errors = [
            [m - min(v) for m, v in zip(middle, values, strict=True)],
            [max(v) - m for m, v in zip(middle, values, strict=True)],
        ]
        heights = [row + (1 - place) * 0.27 for row in range(len(settings))]
        axes.barh(heights, middle, 0.25, xerr=errors, color=colour, label=label)
        for height, value in zip(heights, middle, strict=True):
            axes.annotate(
                f"{value:.1f}",
                (value, height),
                xytext=(6, 0),
                textcoords="offset points",
                va="center",
                fontsize=8,
            )
    axes.set_yticks(range(len(settings)), [name.replace(", ", "\n") for name in settings])
    axes.invert_yaxis()
    axes.set_xlabel("seconds a step (median, least and most)")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    figure.savefig(FOLDER / "performance-steps.png", dpi=130)
    plt.close(figure)


def _growth(cases: Mapping[str, Figures]) -> None:
    figure, axes = plt.subplots(1, len(GROWTH), figsize=(11, 2.9), layout="constrained")
    for plot, (what, sizes) in zip(axes, GROWTH.items(), strict=True):
        _doubling(plot, cases, what, list(sizes))
    axes[0].set_ylabel("seconds")
    axes[0].legend(frameon=False, fontsize=8)
    figure.savefig(FOLDER / "performance-growth.png", dpi=130)
    plt.close(figure)


def _doubling(plot: Axes, cases: Mapping[str, Figures], what: str, sizes: list[int]) -> None:
    lines = {"GRPO step": ("grpo", OURS), "its prompts": ("prompts", THEIRS)}
    for label, (part, colour) in lines.items():
        walls = [median(cases[f"{what}/{size}/{part}"]["wall"]) for size in sizes]
        plot.plot(sizes, walls, marker="o", color=colour, label=label)
        if part == "grpo":
            linear = [walls[0] * size / sizes[0] for size in sizes]
            plot.plot(sizes, linear, linestyle=":", color="black", label="linear", linewidth=1)
    plot.set_xscale("log", base=2)
    plot.set_yscale("log", base=2)
    plot.set_xticks(sizes, list(map(str, sizes)))
    ticks = [0.03, 0.06, 0.12, 0.25, 0.5, 1, 2, 4, 8, 16]
    plot.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    plot.set_title(what, fontsize=10)
    plot.spines[["top", "right"]].set_visible(False)
