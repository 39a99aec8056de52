"""Cells of a table in Markdown."""

from rlsd_pipeline.tables.documents import markdown_table


def test_a_bar_ends_no_cell_and_a_backslash_in_code_is_one() -> None:
    assert markdown_table(["a|b", "c"], [[r"\,", r"`150 \, cm`"], ["x\ny", "`p|q`"]]).split(
        "\n"
    ) == [
        r"| a\|b | c |",
        "|---|---|",
        r"| \\, | `150 \, cm` |",
        r"| x y | `p\|q` |",
    ]
