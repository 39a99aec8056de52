"""Converts a figure to SVG for a page, or to PNG where SVG is not supported."""

import hashlib
import html
import io
import re
from typing import Any

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from rlsd_pipeline.report.canvas import LOOK
from rlsd_pipeline.report.styles import INK, RULE

# Text stays text: small, searchable and in the reader's font. The salt makes ids reproducible.
OUTPUT: Any = {
    **LOOK,  # ticks are made only when a figure is drawn
    "svg.fonttype": "none",
    "svg.hashsalt": "rlsd-report",
    "svg.image_inline": True,
}
UNSIGNED = {"Software": None}
NO_METADATA = {"Date": None, "Creator": None, "Format": None, "Type": None}
TAG = re.compile(r"<[^>]+>")
REFERENCE = re.compile(r'(?:url\(#|href="#)([^)"]+)')


def svg(figure: Figure, label: str = "", name: str = "") -> str:
    """A figure as an SVG element to be put into a page.

    It is as wide as its place, takes the page's text colour and font, and is the same for the
    same figure. Several in one page share no id, if those that are equal have different names.

    Args:
        figure: What to draw.
        label: What it shows, for readers who do not see it.
        name: Tells equal figures apart.
    """
    buffer = io.StringIO()
    with matplotlib.rc_context(OUTPUT):
        figure.savefig(buffer, format="svg", transparent=True, metadata=NO_METADATA)
    source = buffer.getvalue()
    source = source[source.index("<svg") :]
    source = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->", "", source, flags=re.DOTALL)
    # A style element would hold for the whole page; its one rule is inherited from the root.
    source = re.sub(r"<style.*?</style>", "", source, flags=re.DOTALL)
    referenced = {key for tag in TAG.findall(source) for key in REFERENCE.findall(tag)}
    prefix = "f" + hashlib.sha256((name + source).encode()).hexdigest()[:10]
    body = TAG.sub(lambda match: _for_a_page(match[0], referenced, prefix), source)
    view = re.search(r'viewBox="[^"]*"', source)
    assert view, "matplotlib writes a viewBox"
    root = (
        f'<svg xmlns="http://www.w3.org/2000/svg" {view[0]} width="100%" role="img" '
        f'aria-label="{html.escape(label)}" '
        'style="stroke-linejoin: round; stroke-linecap: butt">'
    )
    return re.sub(r"\n\s*", "\n", root + body[body.index(">") + 1 :]).strip()


def png(figure: Figure, dpi: float = 110, comment: str | None = None) -> bytes:
    """A figure as an encoded PNG on white.

    Args:
        figure: What to draw.
        dpi: Pixels an inch.
        comment: Kept in the file beside the picture.
    """
    buffer = io.BytesIO()
    figure.set_dpi(dpi)
    figure.set_facecolor("white")
    with matplotlib.rc_context(OUTPUT):
        # Not savefig, which draws a figure twice where a layout places its axes.
        FigureCanvasAgg(figure).print_png(buffer, metadata=UNSIGNED | {"Comment": comment})
    return buffer.getvalue()


def _for_a_page(tag: str, referenced: set[str], prefix: str) -> str:
    """One tag with ids, colours and fonts that do not clash with the page around it."""
    if 'id="' in tag:
        used = re.search(r' id="([^"]+)"', tag)
        if used and used[1] not in referenced:
            tag = tag.replace(used[0], "")
    tag = re.sub(r' id="([^"]+)"', rf' id="{prefix}-\1"', tag)
    tag = re.sub(r"url\(#([^)]+)\)", rf"url(#{prefix}-\1)", tag)
    tag = re.sub(r'(?:xlink:)?href="#([^"]+)"', rf'href="#{prefix}-\1"', tag)
    tag = tag.replace(INK, "currentColor").replace(RULE, f"var(--rule, {RULE})")
    return re.sub(r"(font: [^;\"]*?px|font-family:) [^;\"]+", r"\1 system-ui, sans-serif", tag)
