"""Cards of the page: a figure with its heading and caption."""

from html import escape

from matplotlib.figure import Figure

from rlsd_pipeline.report.canvas import WIDTH
from rlsd_pipeline.report.vector import svg


def card(key: str, title: str, figure: Figure, caption: str, more: str = "") -> str:
    """A figure with its heading and what its marks mean."""
    drawing = svg(figure, label=f"{title}. {caption}", name=key)
    # Never enlarged or reduced so far that its text no longer fits the text around it.
    width = 72 * figure.get_figwidth()
    wide = " wide" if figure.get_figwidth() > 1.5 * WIDTH else ""
    box = f"max-width: {1.6 * width:.0f}px; min-width: {0.84 * width:.0f}px"
    return (
        f'<figure class="card{wide}"><h3>{escape(title)}</h3>'
        f'<div class="scroll"><div style="{box}">{drawing}</div></div>'
        f"<figcaption>{escape(caption)}</figcaption>{more}</figure>"
    )


def cards(*items: str) -> str:
    """Figures side by side where there is room."""
    return f'<div class="cards">{"".join(items)}</div>' if any(items) else ""
