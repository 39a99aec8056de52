"""Pages of the site that are documents elsewhere in the repository."""

import logging
import posixpath
import re
from importlib.metadata import files as files_of
from pathlib import Path

from equations import with_anchors, with_citations_linked
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from mkdocs.utils import get_relative_url

ROOT = Path(__file__).parents[2]
PAGES = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "examples/README.md": "examples.md",
    "deploy/README.md": "deployment.md",
}
"""Document in the repository -> page of the site."""

MATHJAX = "tex-svg.js"
"""Draws formulas with the glyphs that it holds itself."""

_BOOST_OF_API, _BOOST_OF_GUIDES = 0.01, 10.0
"""Factors on a hit in search: what a reader asks for is in the guides first."""

_LINK = re.compile(r"(\]\()([^)#:\s]+)(#[^)\s]*)?\)")


def on_startup(**_: object) -> None:
    """Leave out that each of 500 pages of the API is written; warnings are still shown."""
    logging.getLogger("mkdocs.plugins").setLevel(logging.WARNING)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the documents that lie outside docs/, and MathJax as one file."""
    for source, page in PAGES.items():
        files.append(File.generated(config, page, content=(ROOT / source).read_text()))
    mathjax = next(f for f in files_of("django-static-mathjax") or () if f.match(f"es5/{MATHJAX}"))
    files.append(File.generated(config, f"site/{MATHJAX}", abs_src_path=str(mathjax.locate())))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Let links between documents lead to their pages, and those to source files to no page.

    Search finds the guides first and the API last.
    """
    uri = page.file.src_uri
    own = {target: source for source, target in PAGES.items()}.get(uri, f"docs/{uri}")
    folder = posixpath.dirname(own)

    def linked(match: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(folder, match[2]))
        if target in PAGES:
            return f"{match[1]}{PAGES[target]}{match[3] or ''})"
        if target.startswith("examples/"):
            return f"{match[1]}{PAGES['examples/README.md']})"
        if target.startswith("docs/"):
            return f"{match[1]}{target.removeprefix('docs/')}{match[3] or ''})"
        return match[0]

    if uri.startswith("api/"):
        page.meta["search"] = {"boost": _BOOST_OF_API}
        return markdown
    if page.parent is not None and page.parent.title == "Guides":
        page.meta["search"] = {"boost": _BOOST_OF_GUIDES}
    return _LINK.sub(linked, markdown)


def on_page_content(html: str, page: Page, **_: object) -> str:
    """Let what cites an equation, such as a docstring, lead to it."""
    if page.file.src_uri == "method.md":
        return with_anchors(html)
    return with_citations_linked(html, get_relative_url("method.html", page.url))
