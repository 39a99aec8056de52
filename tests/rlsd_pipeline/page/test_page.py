"""The page of an experiment says what its record holds, and no more."""

import re
from pathlib import Path

import pytest
from PIL import Image

from rlsd_pipeline.errors import ConfigError
from rlsd_pipeline.page.document import MARK, read_record, with_block, write_page
from rlsd_pipeline.page.pictures import pictures
from rlsd_pipeline.page.record import Provenance, Record, record_of
from rlsd_pipeline.page.sections import decisions, page_text
from rlsd_pipeline.page.seeds import SeedScores
from rlsd_pipeline.report.charts import Chart, Curve, Grid, GridMap, LearningPlot, LearningPoint
from rlsd_pipeline.report.data import Diagnostic, Report
from rlsd_pipeline.statistics.intervals import SEEDS_REASON, STUDENT
from schemas import Interval, MethodFidelity, MethodResult, Results, ScoreDifference
from tests.rlsd_pipeline.report.conftest import result


def interval(value: float, low: float, high: float) -> Interval:
    return Interval(value=value, low=low, high=high)


def line(method: str, difference: ScoreDifference | None = None, seeds: int = 4) -> MethodResult:
    return result(
        "sampled",
        method,
        interval(0.7391, 0.685, 0.793),
        seeds=list(range(seeds)),
        updates=60,
        difference=difference,
        gain=ScoreDifference(
            value=0.12, low=0.1, high=0.14, p_value=0.01, p_corrected=0.01, test=STUDENT
        ),
        mentions=interval(0.25, 0.2, 0.3),
        blind=0.442,
        steps={"compare": 0.94, "perceive": 0.6},
    )


def difference(value: float, p_corrected: float, test: str = STUDENT) -> ScoreDifference:
    return ScoreDifference(
        value=value,
        low=value - 0.01,
        high=value + 0.01,
        p_value=p_corrected / 2,
        p_corrected=p_corrected,
        test=test,
    )


def fidelity(method: str, value: Interval, **changes: object) -> MethodFidelity:
    known = dict.fromkeys(MethodFidelity.model_fields) | {
        **{"method": method, "value": value, "segments": {}, "positions": [None] * 4},
        "differences": {},
    }
    return MethodFidelity(**known | changes)


TABLE = Results(
    compared_with="grpo",
    confidence=0.95,
    lines=[
        result("sampled", "base", interval(0.6, 0.5, 0.7), updates=0),
        line("grpo"),
        line("rlsd", difference(0.016, 0.14)),
    ],
)
CHART = Chart(
    name="reward",
    y_label="mean reward",
    curves=(
        Curve(
            method="grpo",
            n_seeds=2,
            band={0: interval(0.5, 0.4, 0.6), 1: interval(0.6, 0.5, 0.7)},
            seeds={"grpo-s0": {0: 0.5, 1: 0.6}},
        ),
    ),
    band_meaning="Bands are 95% intervals over seeds.",
)
PLOT = LearningPlot(
    name="training reward, area",
    baseline="grpo",
    points=tuple(
        LearningPoint(
            method=method,
            fidelity=interval(0.3, 0.2, 0.4),
            gain=interval(0.01, 0.0, 0.02),
        )
        for method in ("grpo", "rlsd")
    ),
)
GRID = Grid(
    name="sampled",
    mixes=(0.5, 1),
    clips=(0.2, 0.5),
    maps=tuple(
        GridMap(
            name=name,
            baseline=0,
            better="higher",
            cells=((interval(0.01, 0.0, 0.02), None), (None, None)),
            meaning=f"{name}.",
        )
        for name in ("gain", "leak")
    ),
)
STALL = Diagnostic(
    title="Stall",
    explanation="When.",
    columns=("method", "at"),
    rows=(("rlsd", None), ("grpo", 7)),
)
RECORD = Record(
    experiment="small",
    provenance=Provenance(
        date="2026-11-09",
        command="rlsd page small",
        commit="0123456789abcdef0123456789abcdef01234567+",
        declaration="ab" * 32,
        libraries={"torch": ("2.13.0", "2.14.1")},
        artifacts={"small/grpo-s0/060/benchmark_scores.sampled": "cd" * 8},
    ),
    settings={"iterations": "60", "arms": ("grpo: grpo", "rlsd: rlsd | wide")},
    table=TABLE,
    seeds=(
        SeedScores(
            benchmark="sampled",
            base={0: 0.5, 1: 0.25},
            methods={"grpo": {0: 0.75, 1: 0.75}, "rlsd": {0: 0.625}},
        ),
    ),
    charts=(CHART,),
    fidelity=(
        fidelity(
            "rlsd",
            interval(0.23, 0.21, 0.26),
            difference=interval(0.02, 0.01, 0.03),
            p_value=0.00005,
            p_corrected=0.0001,
            within=interval(0.54, 0.42, 0.67),
        ),
        fidelity("grpo", interval(0.21, 0.19, 0.24)),
    ),
    fidelity_meaning="Measured by 32 continuations.",
    learning=(PLOT,),
    grids=(GRID,),
    diagnostics=(STALL,),
    order=("grpo", "rlsd"),
)


def test_a_table_of_a_benchmark() -> None:
    text = page_text(RECORD, "small")
    assert (
        "### sampled\n\n"
        "| method | seeds | updates | accuracy | gain | minus grpo | p (Holm) "
        "| mentions a reference | blind | perceive / compare |\n"
        "|---|---|---|---|---|---|---|---|---|---|\n"
        "| base | 4 | 0 | 0.600 [0.500, 0.700] | – | – | – | 0.000 [0.000, 0.010] | – | – |\n"
        "| grpo | 4 | 60 | 0.739 [0.685, 0.793] | +0.120 [+0.100, +0.140] | – | – "
        "| 0.250 [0.200, 0.300] | 0.442 | 0.60 / 0.94 |\n"
        "| rlsd | 4 | 60 | 0.739 [0.685, 0.793] | +0.120 [+0.100, +0.140] "
        "| +0.016 [+0.006, +0.026] | 0.140 | 0.250 [0.200, 0.300] | 0.442 | 0.60 / 0.94 |\n"
    ) in text


def test_the_seeds_that_an_open_difference_takes_are_named() -> None:
    assert "\n* sampled: not decided against grpo. Seeds that show " in page_text(RECORD, "small")


def test_gains_vary_over_seeds() -> None:
    # Gains of .25 and .5: mean .375, and a standard deviation of .25 / sqrt(2) = .177.
    assert (
        "| seed | base | grpo | rlsd |\n|---|---|---|---|\n"
        "| 0 | 0.500 | 0.750 | 0.625 |\n| 1 | 0.250 | 0.750 | – |\n"
        "| mean gain | – | +0.375 | – |\n"
        "| standard deviation of the gain | – | 0.177 | – |\n"
        "| the same over the mean | – | 0.47 | – |"
    ) in page_text(RECORD, "small")


def test_the_page_begins_with_where_its_numbers_are_from() -> None:
    first = page_text(RECORD, "small").split("\n\n")[0]
    assert first == (
        "`rlsd page small`, 9 November 2026; commit 0123456789ab+; declaration abababababab; torch "
        "2.13.0 and 2.14.1. [record.json](small/record.json) holds every number of this page, and "
        "the digests of 1 scores and comparisons that they are from."
    )


def test_the_warning_about_seeds_is_given_once() -> None:
    said = CHART.model_copy(update={"band_meaning": f"Bands. {SEEDS_REASON}. A point."})
    lines = {"name": "length", "band_meaning": f"Lines. {SEEDS_REASON}. A point."}
    again = CHART.model_copy(update=lines)
    text = page_text(RECORD.model_copy(update={"charts": (said, again)}), "small")
    assert text.count(SEEDS_REASON) == 1
    assert "Lines. A point." in text


def test_pictures_share_a_caption() -> None:
    first, second, third = (
        PLOT.model_copy(update={"name": name, "meaning": meaning})
        for name, meaning in (("area", "Both."), ("end", "Both."), ("rest", "Of the rest."))
    )
    record = RECORD.model_copy(update={"learning": (first, second, third)})
    assert (
        "![area, against fidelity](small/learning-area.png)\n\n"
        "![end, against fidelity](small/learning-end.png)\n\nBoth.\n\n"
        "![rest, against fidelity](small/learning-rest.png)\n\nOf the rest.\n\n"
    ) in page_text(record, "small")


def test_other_parts_stand_in_their_order() -> None:
    text = page_text(RECORD, "small")
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == [
        "Results",
        "By seed",
        "Learning curves",
        "Credit fidelity",
        "Learning against fidelity",
        "RLSD over λ and ε_w",
        "Stall",
        "Settings",
    ]
    assert re.findall(r"!\[.*\]\((.*)\)", text) == [
        "small/curve-reward.png",
        "small/fidelity.png",
        "small/learning-training-reward-area.png",
        "small/grid-sampled-gain.png",
        "small/grid-sampled-leak.png",
    ]
    assert "| rlsd | 0.230 [0.210, 0.260] | 0.540 [0.420, 0.670] | +0.020 [" in text
    assert (
        "![leak](small/grid-sampled-leak.png)\n\nleak.\n\n"
        "| ε_w | λ = 0.5 | λ = 1 |\n|---|---|---|\n"
        "| 0.2 | +0.010 [+0.000, +0.020] | – |\n| 0.5 | – | – |\n"
    ) in text
    assert "| rlsd | – |\n| grpo | 7 |" in text
    assert "| arms | grpo: grpo |\n| arms | rlsd: rlsd \\| wide |" in text


@pytest.mark.parametrize(
    ("found", "seeds", "word"),
    [
        (difference(0.05, 0.01), 4, "Better"),
        (difference(-0.05, 0.01), 4, "Worse"),
        (difference(0.05, 0.06), 4, "Not decided"),
        # However small p is over the questions of one seed, it decides nothing.
        (difference(0.05, 0.0001, "exact McNemar"), 1, "Over the questions of one seed"),
        (difference(0.05, 0.0001, "a t that no seed moved"), 4, "Not decided"),
    ],
)
def test_a_method_is_better_over_seeds_alone(found: ScoreDifference, seeds: int, word: str) -> None:
    (said,) = decisions([line("grpo"), line("rlsd", found, seeds)], TABLE)
    assert said.startswith(word)
    assert said.endswith(": rlsd.")


def test_a_crowd_is_recorded_without_its_seeds() -> None:
    crowd = [CHART.curves[0].model_copy(update={"method": f"m{place}"}) for place in range(7)]
    charts = [CHART, CHART.model_copy(update={"curves": tuple(crowd)})]
    entropy = CHART.model_copy(update={"name": "entropy"})
    report = Report(
        title="t", experiment="small", created="now", charts=charts, training=(CHART, entropy)
    )
    found = record_of(report, RECORD.provenance, ())
    assert [chart.name for chart in found.charts] == ["reward"] * 3
    assert [len(chart.curves[0].seeds) for chart in found.charts] == [1, 1, 0]


def test_files_are_written_and_read_again(tmp_path: Path) -> None:
    page = tmp_path / "small.md"
    page.write_text(f"# By hand\n\nIt gains .016.\n\n{MARK}\nold\n{MARK}\n\nThe end.\n")
    (tmp_path / "small").mkdir()
    (tmp_path / "small" / "old.png").touch()
    write_page(RECORD, page)
    text = page.read_text()
    assert text.startswith(f"# By hand\n\nIt gains .016.\n\n{MARK}\n\n`rlsd page small`")
    assert text.endswith(f"\n\n{MARK}\n\nThe end.\n")
    assert read_record(page) == RECORD
    assert with_block(text, RECORD, "small") == text
    drawn = pictures(RECORD)
    files = {path.stem: path for path in (tmp_path / "small").glob("*.png")}
    assert set(files) == set(drawn)
    for name, path in files.items():
        with Image.open(path) as image:
            assert image.info["Comment"] == drawn[name].digest
            assert image.width > 300


def test_a_new_page_has_a_heading(tmp_path: Path) -> None:
    write_page(RECORD, tmp_path / "new.md")
    assert (tmp_path / "new.md").read_text().startswith(f"# small\n\n{MARK}\n\n")


def test_a_page_without_its_marks_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"it 1 times: put both"):
        with_block(f"text {MARK} text", RECORD, "small", "docs/small.md")


def test_a_page_without_a_record_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="record of a page"):
        read_record(tmp_path / "none.md")
