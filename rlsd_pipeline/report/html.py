"""A report as one HTML page that needs nothing else: no network, no font, no library."""

import base64
import hashlib
from html import escape
from importlib.resources import files

from rlsd_pipeline.report import comparison_view, sections
from rlsd_pipeline.report.data import Report
from rlsd_pipeline.report.grid_view import grids
from rlsd_pipeline.report.learning_view import learning
from rlsd_pipeline.report.styles import method_styles
from rlsd_pipeline.report.tokens import token_view

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
TITLES = {
    "credit": "Credit",
    "summary": "Summary",
    "curves": "Learning curves",
    "training": "Training curves",
    "differences": "Differences",
    "tokens": "Tokens",
    "comparison": "Comparison",
    "learning": "Learning and fidelity",
    "grid": "λ and ε_w",
    "diagnostics": "Diagnostics",
    "settings": "Settings",
}


def render(report: Report) -> str:
    """The page; the same report gives the same text.

    A section whose data is absent is left out. A link may choose what the token view shows:
    `#rollout=ID&method=NAME&show=deviation&scale=shared&token=T`, with `view=all` in the place of
    `method` for all methods at once; ID may also be a rollout's number, counted from 1.
    """
    styles = method_styles(report.methods())
    parts = {
        "credit": comparison_view.credit(report.comparison, styles),
        "summary": sections.summary(report),
        "curves": sections.curves(report, styles),
        "training": sections.training(report, styles),
        "differences": sections.differences(report.table, styles),
        "tokens": token_view(report),
        "comparison": comparison_view.comparison(report.comparison, styles),
        "learning": learning(report.learning, styles),
        "grid": grids(report.grids),
        "diagnostics": sections.diagnostics(report.diagnostics),
        "settings": sections.settings(report),
    }
    shown = {key: part for key, part in parts.items() if part}
    links = "".join(f'<a href="#{key}">{TITLES[key]}</a>' for key in shown)
    script = "\n".join(["(() => {", '"use strict";', *map(_file, SCRIPTS), "})();"])
    scripts = [TRAP, *([script] if "tokens" in shown else [])]
    return PAGE.format(
        policy=_policy(scripts),
        title=escape(report.title),
        css=_file("report.css"),
        trap=TRAP,
        experiment=escape(report.experiment),
        created=escape(report.created),
        links=links,
        body="\n".join(shown.values()),
        script=f"<script>{script}</script>" if "tokens" in shown else "",
    )


PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>{title}</title>
<style>{css}</style>
<script>{trap}</script>
</head>
<body>
<header>
<p class="muted"><b>{experiment}</b> · <time datetime="{created}">{created}</time></p>
<h1>{title}</h1>
<nav aria-label="sections">{links}</nav>
</header>
<main>
{body}
</main>
{script}
</body>
</html>
"""


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
