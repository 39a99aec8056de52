"""Links from the equations that docstrings cite to the numbered ones of docs/method.md."""

import re

_NUMBERED = re.compile(r'<div class="arithmatex">(?=(?:(?!</div>).)*?\\tag\{(\d+)\})', re.DOTALL)
_CITED = re.compile(
    r"<(a|code|pre)\b.*?</\1>"
    r"|docs/method\.md(?:,\s+eq\.\s+(?P<first>\d+)(?:(?:,|\s+and|\s+to)\s+\d+)*)?",
    re.DOTALL,
)
"""What is a link or code already, or a citation."""


def with_anchors(html: str) -> str:
    """The method's page, with `eq-N` on each numbered equation."""
    return _NUMBERED.sub(r'<div class="arithmatex" id="eq-\1">', html)


def with_citations_linked(html: str, method: str) -> str:
    """A page whose citations lead to the first equation that each names.

    Args:
        html: The page's content.
        method: URL of the method's page.
    """

    def linked(match: re.Match[str]) -> str:
        if match[1]:
            return match[0]
        anchor = f"#eq-{match['first']}" if match["first"] else ""
        return f'<a href="{method}{anchor}">{match[0]}</a>'

    return _CITED.sub(linked, html)
