"""A report as one HTML page that needs nothing else: no network, no font, no library."""

import base64
import hashlib
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined

from rlsd_pipeline.report import (
    canvas,
    chart_tables,
    comparison_tables,
    curve_figures,
    elements,
    figures,
    heat_map,
    method_table,
    tokens,
)
from rlsd_pipeline.report.data import Report
from rlsd_pipeline.report.styles import method_styles
from rlsd_pipeline.report.vector import svg
from rlsd_pipeline.tables import result_columns, results
from rlsd_pipeline.tables.numbers import level, signed

# Runs first, so that no error goes unseen.
TRAP = """addEventListener("error", (event) => {
  const root = document.documentElement;
  root.dataset.errors = [root.dataset.errors, event.message].filter(Boolean).join("; ");
});
// What is folded away on a screen is not lost on paper.
addEventListener("beforeprint", () => {
  for (const folded of document.querySelectorAll("details")) folded.open = true;
});"""

# One scope: each uses what those before it define.
SCRIPTS = ("drawing.js", "notes.js", "report.js")


class Title(NamedTuple):
    """What a section is called.

    Attributes:
        link: In the navigation.
        heading: Above the section.
    """

    link: str
    heading: str


# Each is a template of the same name.
TITLES = {
    "credit": Title("Credit", "Credit fidelity"),
    "summary": Title("Summary", "Summary"),
    "curves": Title("Learning curves", "Learning curves"),
    "training": Title("Training curves", "Training curves"),
    "differences": Title("Differences", "Paired differences"),
    "tokens": Title("Tokens", "Credit, token by token"),
    "comparison": Title("Comparison", "Methods on the same tokens"),
    "learning": Title("Learning and fidelity", "Learning against fidelity"),
    "grid": Title("λ and ε_w", "RLSD over λ and ε_w"),
    "diagnostics": Title("Diagnostics", "Diagnostics"),
    "settings": Title("Settings", "Settings"),
}

# What the templates call, by the names of the modules.
MODULES = (
    *(canvas, chart_tables, comparison_tables, curve_figures, figures, heat_map),
    *(method_table, result_columns, results, tokens),
)
FILTERS = (
    *(elements.cells, elements.values, elements.equal_rows, elements.with_code),
    *(svg, chart_tables.curve_table, chart_tables.grid_tables),
    *(chart_tables.learning_table, method_table.answers, method_table.differences),
    *(level, canvas.shortened, signed),
)


def render(report: Report) -> str:
    """The page; the same report gives the same text.

    A section whose data is absent is left out. A link may choose what the token view shows:
    `#rollout=ID&method=NAME&show=deviation&scale=shared&token=T`, with `view=all` in place of
    `method` for all methods at once; ID may also be a rollout's number, counted from 1.
    """
    templates, styles = _environment(), method_styles(report.methods())
    drawn = {
        key: templates.get_template(f"{key}.html").render(report=report, styles=styles).strip()
        for key in TITLES
    }
    script = ""
    if drawn["tokens"]:
        script = "\n".join(["(() => {", '"use strict";', *map(_file, SCRIPTS), "})();"])
    return templates.get_template("page.html").render(
        report=report,
        policy=_policy([TRAP, script] if script else [TRAP]),
        css=_file("report.css"),
        trap=TRAP,
        titles=TITLES,
        bodies={key: body for key, body in drawn.items() if body},
        script=script,
    )


@cache
def _environment() -> Environment:
    """The templates, which escape all text and fail where a name is unknown."""
    made = Environment(
        loader=PackageLoader("rlsd_pipeline.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= {module.__name__.rpartition(".")[2]: module for module in MODULES}
    made.filters |= {function.__name__: function for function in FILTERS}
    return made


def _policy(scripts: list[str]) -> str:
    """What a browser may load: nothing from anywhere, and no script but the page's own."""
    hashes = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
        for script in scripts
    )
    return (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _file(name: str) -> str:
    return files("rlsd_pipeline.report").joinpath(name).read_text("utf-8")
