import re

from rlsd_pipeline.report.charts import LearningPlot, LearningPoint
from rlsd_pipeline.report.curve_figures import learning_against_fidelity
from rlsd_pipeline.report.data import Report
from rlsd_pipeline.report.html import render
from rlsd_pipeline.report.styles import method_styles
from rlsd_pipeline.report.vector import png
from schemas import Interval


def estimate(value: float, low: float, high: float) -> Interval:
    return Interval(value=value, low=low, high=high)


PLOT = LearningPlot(
    name="accuracy: greedy, area",
    baseline="grpo",
    points=(
        LearningPoint(
            method="grpo", fidelity=estimate(0.2, 0.1, 0.3), gain=estimate(0.0, 0.0, 0.0)
        ),
        LearningPoint(
            method="vine", fidelity=estimate(1.0, 1.0, 1.0), gain=estimate(0.05, 0.01, 0.09)
        ),
    ),
    meaning="Measured on some rollouts.",
)


def test_a_mark_lies_at_fidelity_and_gain() -> None:
    figure = learning_against_fidelity(PLOT, method_styles(["grpo", "vine"]))
    marks = [tuple(map(float, line.get_xydata()[0])) for line in figure.axes[0].lines]
    for place in ((0.2, 0.0), (1.0, 0.05)):
        assert place in marks
    assert "minus grpo" in figure.axes[0].get_ylabel()
    assert png(figure).startswith(b"\x89PNG")


def test_the_section_has_a_card_with_its_numbers() -> None:
    found = render(Report(title="t", experiment="e", created="c", learning=(PLOT,)))
    assert "<h3>accuracy: greedy, area</h3>" in found
    cells = re.findall(r"<td[^>]*>(.*?)</td>", re.sub("</?small>", "", found))
    assert cells == [
        "0.200 [0.100, 0.300]",
        "0.000 [0.000, 0.000]",
        "1.000 [1.000, 1.000]",
        "+0.050 [+0.010, +0.090]",
    ]
    assert "Measured on some rollouts." in found
