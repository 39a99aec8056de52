"""The results as Markdown, LaTeX and CSV, beside what the paper reports."""

import csv
import io

import pytest

from rlsd_pipeline.evaluation.benchmarks.heldout import HeldoutBenchmark
from rlsd_pipeline.evaluation.benchmarks.mathvision import MathVision
from rlsd_pipeline.evaluation.benchmarks.mathvista import MathVista
from rlsd_pipeline.evaluation.benchmarks.mmmu import MMMU
from rlsd_pipeline.evaluation.benchmarks.wemath import WeMath
from rlsd_pipeline.evaluation.benchmarks.zerobench import ZeroBench
from rlsd_pipeline.statistics.intervals import SEEDS_REASON
from rlsd_pipeline.tables.documents import csv_text, latex, markdown
from rlsd_pipeline.tables.results import documents, records
from rlsd_pipeline.tables.table import Table, table_of_cells
from schemas import Interval, MethodResult, ScoreDifference
from tests.rlsd_pipeline.report.conftest import result

BENCHMARKS = [
    HeldoutBenchmark(name="own"),
    MathVista(),
    WeMath(mode="official", samples=4, temperature=0.7, limit=1000),
    MathVision(name="small", split="testmini"),
]


def difference(
    value: float,
    low: float | None,
    high: float | None,
    p_value: float,
    test: str,
    p_corrected: float | None = None,
) -> ScoreDifference:
    return ScoreDifference(
        value=value, low=low, high=high, p_value=p_value, p_corrected=p_corrected, test=test
    )


def interval(value: float, low: float | None, high: float | None) -> Interval:
    return Interval(value=value, low=low, high=high)


def line(benchmark: str, method: str, weighting: str, **changes: object) -> MethodResult:
    known = {
        "weighting": weighting,
        "seeds": [0, 1],
        "mentions": interval(0.0, 0.0, 0.1),
        "unparsed": 3,
        "truncated": 1,
        "mode": "robust",
        "detectable": 0.0625,
    }
    said = known | {"score": interval(0.5, 0.4, 0.6)} | changes
    return result(benchmark, method, **said)


RESULTS = [
    line("own", "base", "base"),
    line("own", "rlsd", "rlsd", steps={"perceive": 0.5}),
    line("mathvista", "base", "base", score=interval(0.6, None, None)),
    line(
        "mathvista",
        "rlsd",
        "rlsd",
        gain=difference(0.1, None, None, 1.0, "exact McNemar"),
        difference=difference(0.02, -0.01, 0.05, 0.1, "paired t over seeds", 0.2),
        blind=0.25,
    ),
    line("mathvista", "mine_&_yours", "opsd"),
    line("mathvista", "mine too", "opsd"),
]


def by_title(results: list[MethodResult]) -> dict[str, Table]:
    return {each.title: each for each in documents(results, "grpo", BENCHMARKS)}


def test_the_tables_of_a_document() -> None:
    found = by_title(RESULTS)
    assert list(found) == [
        "method by benchmark",
        "own",
        "mathvista",
        "published, % (implied fraction)",
    ]
    overview = found["method by benchmark"]
    assert overview.heads == ["method", "own", "mathvista"]
    assert overview.texts("") == [
        ["base", "0.500 [0.400, 0.600]", "0.600 [–]"],
        ["rlsd", "0.500 [0.400, 0.600]", "0.500 [0.400, 0.600]"],
        ["mine_&_yours", "", "0.500 [0.400, 0.600]"],
        ["mine too", "", "0.500 [0.400, 0.600]"],
    ]
    for table in found.values():
        assert {len(row) for row in table.texts()} == {len(table.heads)}


def test_the_papers_figure_stands_beside_the_method_it_is_about() -> None:
    found = by_title(RESULTS)
    mathvista = found["mathvista"]
    assert mathvista.heads[-1] == "paper, %"
    assert [row[-1] for row in mathvista.texts("")] == [
        "73.80 (738/1000)",
        "78.10 (781/1000)",
        # Of two methods of a type the first is the paper's.
        "75.10 (751/1000)",
        "",
    ]
    assert mathvista.texts("")[1][2:4] == ["+0.020 [−0.010, +0.050]", "0.2"]
    own = found["own"]
    assert own.heads[-1] == "perceive"
    assert own.texts("")[1][-1] == "0.50"


def test_a_negative_number_has_a_minus_sign_and_a_name_its_hyphen() -> None:
    rows = [["grpo-1", "-1", "-0.010 [-0.020, +0.001]", "1e-05"]]
    table = table_of_cells("t-1", ["method", "of", "minus-2", "p"], rows, keys=2)
    assert markdown([table]).splitlines()[-1] == "| grpo-1 | -1 | −0.010 [−0.020, +0.001] | 1e−5 |"
    assert "{grpo-1} & {-1} & {$-$0.010 [$-$0.020, +0.001]} & {1e$-$5}" in latex([table])


def test_the_papers_mean_of_five_benchmarks_stands_beside_those_five_alone() -> None:
    """Of RLSD (67.22 + 78.10 + 52.73 + 24.85 + 58.00) / 5 = 56.18."""
    five = [MMMU(), MathVista(), MathVision(), ZeroBench(), WeMath()]
    lines = [line(each.name, "rlsd", "rlsd") for each in five]
    overview, *_ = documents(lines, "grpo", five)
    assert overview.heads == ["method", *(each.name for each in five), "paper, mean of five"]
    assert [row[-1] for row in overview.texts("")] == ["56.18 %"]
    overview, *_ = documents(lines[:4], "grpo", five)
    assert overview.heads[-1] == "zerobench"


def test_the_test_behind_each_p_value_is_named() -> None:
    gain = difference(0.1, 0.0, 0.2, 0.04, "exact McNemar")
    other = difference(0.1, 0.0, 0.2, 0.04, "sign flip over clusters")
    against = difference(0.1, 0.0, 0.2, 0.04, "exact McNemar", 0.08)
    lines = [
        line("own", "base", "base"),
        line("own", "rlsd", "rlsd", gain=gain),
        line("own", "opsd", "opsd", gain=other, difference=against),
    ]
    (own,) = (each for each in documents(lines, "grpo", BENCHMARKS) if each.title == "own")
    assert own.notes == [
        "p of the gain: exact McNemar (rlsd); sign flip over clusters (opsd).",
        "p of the difference to grpo: exact McNemar.",
        "p is corrected by Holm's method, the intervals are not.",
        f"{SEEDS_REASON}.",
    ]
    for text in (markdown([own]), latex([own])):
        assert "exact McNemar (rlsd); sign flip over clusters (opsd)" in text
        assert "the intervals are not" in text
    rows = list(csv.DictReader(io.StringIO(csv_text(records(lines, "grpo", BENCHMARKS)))))
    assert [row["gain_test"] for row in rows] == ["", "exact McNemar", "sign flip over clusters"]
    assert [row["difference_test"] for row in rows] == ["", "", "exact McNemar"]


def test_a_missing_bound_is_a_dash_with_its_reason() -> None:
    mathvista = by_title(RESULTS)["mathvista"]
    assert mathvista.texts("")[1][6] == "+0.100 [–]"
    assert "[–]: not bounded, since there is only one, or all are equal." in mathvista.notes


def test_what_differs_in_protocol_is_said() -> None:
    found = by_title([*RESULTS, line("wemath", "rlsd", "rlsd")])
    assert found["own"].notes == [f"{SEEDS_REASON}."]
    here = "Here: split testmini, robust rule, greedy decoding, responses of at most 4,096 tokens."
    assert here in found["mathvista"].notes
    assert found["wemath"].notes[:2] == [
        f"{SEEDS_REASON}.",
        "Here: split testmini, the first 1,000 rows only, official rule, 4 samples at temperature "
        "0.7, responses of at most 4,096 tokens.",
    ]
    assert len(found["wemath"].notes) > 2


def test_another_split_has_no_published_figure() -> None:
    [table, _] = documents([line("small", "rlsd", "rlsd")], "grpo", BENCHMARKS)
    assert table.texts("")[0][-1] == ""
    [record] = records([line("small", "rlsd", "rlsd")], "grpo", BENCHMARKS)
    assert record["published_percent"] is None


def test_own_problems_alone_are_one_table() -> None:
    assert [each.title for each in documents(RESULTS[:2], "grpo", BENCHMARKS)] == ["own"]
    assert documents([], "grpo", BENCHMARKS) == []
    assert markdown([]) == latex([]) == csv_text([]) == ""


def test_markdown() -> None:
    table = table_of_cells("t", ["a", "b"], [["x|y", "1\n2"], ["z\\", ""]], ["so", "it is"])
    assert markdown([table, table._replace(notes=())]) == (
        "**t**\n\n| a | b |\n|---|---|\n| x\\|y | 1 2 |\n| z\\\\ |  |\n\n- so\n- it is\n\n"
        "**t**\n\n| a | b |\n|---|---|\n| x\\|y | 1 2 |\n| z\\\\ |  |"
    )


def test_latex() -> None:
    table = table_of_cells("50 % of #1", ["a_b", "−λ"], [["[x] & y", "$1^2$ {~} \\ <|>"]], ["5 %"])
    assert latex([table]).splitlines() == [
        r"\begin{table}",
        r"\centering",
        r"\caption{50 \% of \#1}",
        r"\begin{tabular}{lr}",
        r"\toprule",
        r"{a\_b} & {$-$$\lambda$} \\",
        r"\midrule",
        r"{[x] \& y} & {\$1\textasciicircum{}2\$ \{\textasciitilde{}\} \textbackslash{} "
        r"\textless{}\textbar{}\textgreater{}} \\",
        r"\bottomrule",
        r"\end{tabular}",
        r"\par\footnotesize 5 \%",
        r"\end{table}",
    ]


def test_csv_holds_numbers() -> None:
    text = csv_text(records(RESULTS, "grpo", BENCHMARKS))
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [(row["benchmark"], row["method"]) for row in rows] == [
        (each.benchmark, each.method) for each in RESULTS
    ]
    base, rlsd = rows[2], rows[3]
    assert (base["score"], base["score_low"], base["score_high"]) == ("0.6", "", "")
    assert (base["gain"], base["gain_p"], base["compared_with"]) == ("", "", "")
    assert (rlsd["gain"], rlsd["gain_low"], rlsd["gain_p"]) == ("0.1", "", "1.0")
    assert (rlsd["compared_with"], rlsd["difference"]) == ("grpo", "0.02")
    assert (rlsd["difference_low"], rlsd["difference_p_holm"]) == ("-0.01", "0.2")
    assert (rlsd["blind"], rlsd["unparsed"], rlsd["seeds"]) == ("0.25", "3", "2")
    published = ("published_percent", "published_count", "published_total")
    assert [rlsd[name] for name in published] == ["78.1", "781", "1000"]
    assert rows[1]["perceive"] == "0.5"
    assert [rows[1][name] for name in published] == ["", "", ""]


@pytest.mark.parametrize("form", [markdown, latex])
def test_whole_documents_are_text(form) -> None:  # type: ignore[no-untyped-def]
    text = form(documents(RESULTS, "grpo", BENCHMARKS))
    assert text.count("78.10 (781/1000)") == 2
    assert "fits no single run" in text
