"""What code and documents point to is there."""

import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]
DOCUMENTS = [
    path
    for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/**/*.md")]
    if ".venv" not in path.parts
]
_LINK = re.compile(r"\]\(([^)#\s]*)(?:#([^)\s]*))?\)")


def test_equations_are_numbered_from_one_without_a_gap() -> None:
    numbers = [int(n) for n in re.findall(r"\\tag\{(\d+)\}", (ROOT / "docs/method.md").read_text())]
    assert numbers == list(range(1, len(numbers) + 1))


def test_every_equation_that_the_code_cites_is_there() -> None:
    there = set(re.findall(r"\\tag\{(\d+)\}", (ROOT / "docs/method.md").read_text()))
    cited = {number: where for number, where in _citations()}
    assert len(cited) > 10
    assert {number: where for number, where in cited.items() if number not in there} == {}


def _citations() -> Iterator[tuple[str, str]]:
    for path in ROOT.glob("rlsd_pipeline/**/*.py"):
        for numbers in re.findall(
            r"method\.md,\s+eq\.\s([\d,\s]*\d(?:\s(?:and|to)\s\d+)?)", path.read_text()
        ):
            yield from ((number, path.name) for number in re.findall(r"\d+", numbers))


def test_the_configuration_reference_says_what_the_models_check() -> None:
    """Written again by `python docs/site/configuration.py > docs/configuration.md`."""
    module = _of_the_site("configuration")
    assert module.configuration() == (ROOT / "docs/configuration.md").read_text()


def _of_the_site(name: str) -> ModuleType:
    """A module of docs/site, which is no package."""
    spec = importlib.util.spec_from_file_location(name, ROOT / f"docs/site/{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_on_the_site_a_cited_equation_is_linked() -> None:
    site = _of_the_site("equations")
    said = (
        "RLSD; docs/method.md, eq. 5 to 8. See docs/method.md,\neq. 40 and 41, and docs/method.md."
        '<code>docs/method.md, eq. 1</code> <a href="m">docs/method.md</a> (DAPO, eq. 13)'
    )
    assert site.with_citations_linked(said, "../m.html") == (
        'RLSD; <a href="../m.html#eq-5">docs/method.md, eq. 5 to 8</a>. '
        'See <a href="../m.html#eq-40">docs/method.md,\neq. 40 and 41</a>, '
        'and <a href="../m.html">docs/method.md</a>.'
        '<code>docs/method.md, eq. 1</code> <a href="m">docs/method.md</a> (DAPO, eq. 13)'
    )
    formulas = (
        '<div class="arithmatex">\\[a\\]</div> <div class="arithmatex">\\[b\n\\tag{2}\\]</div>'
    )
    assert site.with_anchors(formulas) == (
        '<div class="arithmatex">\\[a\\]</div> '
        '<div class="arithmatex" id="eq-2">\\[b\n\\tag{2}\\]</div>'
    )


def test_the_modules_and_equations_of_the_glossary_are_there() -> None:
    rows = re.findall(r"^\| .* \| .* \| (.*) \|$", (ROOT / "docs/glossary.md").read_text(), re.M)
    named = [name for row in rows for name in re.findall(r"`([\w/]+(?:\.py|/))`", row)]
    assert len(named) > 40
    assert [name for name in named if not _module(name).exists()] == []
    there = set(re.findall(r"\\tag\{(\d+)\}", (ROOT / "docs/method.md").read_text()))
    cited = [number for row in rows for number in re.findall(r"\d+", row.partition("eq.")[2])]
    assert set(cited) <= there


def _module(name: str) -> Path:
    return ROOT / name if name.startswith("schemas/") else ROOT / "rlsd_pipeline" / name


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_within_the_repository_lead_somewhere(document: Path) -> None:
    for target, anchor in _LINK.findall(document.read_text()):
        if re.match(r"[a-z]+:", target):
            continue
        linked = (document.parent / target).resolve() if target else document
        assert linked.exists(), target
        if anchor and linked.suffix == ".md":
            assert anchor in set(_anchors(linked)), f"{target}#{anchor}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_row_of_a_table_is_one_line(document: Path) -> None:
    for table in re.findall(r"^\|[-:|]+\|\n((?:.+\n)*)", document.read_text(), re.MULTILINE):
        for row in table.splitlines():
            assert re.fullmatch(r"\|.*\|", row), row


def _anchors(document: Path) -> Iterator[str]:
    """As GitHub makes them of headings."""
    for heading in re.findall(r"^#+\s+(.*)$", document.read_text(), re.MULTILINE):
        yield re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
