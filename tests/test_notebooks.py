"""The notebooks' stored outputs are those of the stored code."""

import ast
import importlib.util
import json
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

DOCS = Path(__file__).parents[1] / "docs"
NOTEBOOKS = sorted(DOCS.glob("*.ipynb"))
_NUMBER = re.compile(r"-?\d+(\.\d+)?(e-?\d+)?")


@pytest.fixture(scope="module")
def runner() -> ModuleType:
    """docs/site/notebooks.py, which wrote the outputs."""
    spec = importlib.util.spec_from_file_location("notebooks", DOCS / "site/notebooks.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _code(notebook: dict[str, Any]) -> list[dict[str, Any]]:
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_the_outputs_are_of_this_code_run_once_from_the_top(path: Path, runner: ModuleType) -> None:
    """`make notebooks` writes them again."""
    notebook = json.loads(path.read_text())
    assert notebook["metadata"]["code_digest"] == runner.code_digest(notebook)
    cells = _code(notebook)
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))
    outputs = [output for cell in cells for output in cell["outputs"]]
    assert {output["output_type"] for output in outputs} <= {"execute_result", "display_data"}
    assert sum("image/png" in output["data"] for output in outputs) >= 2


def test_no_notebook_takes_the_place_of_a_page() -> None:
    """`x.md` and `x.ipynb` would both become `x.html`, and the site would show one of them."""
    assert [path.name for path in NOTEBOOKS if path.with_suffix(".md").exists()] == []


def test_a_changed_cell_has_another_digest(runner: ModuleType) -> None:
    notebook = json.loads(NOTEBOOKS[0].read_text())
    digest = runner.code_digest(notebook)
    notebook["cells"][0]["source"] = ["other words"]
    assert runner.code_digest(notebook) == digest
    _code(notebook)[0]["source"].append("1 + 1")
    assert runner.code_digest(notebook) != digest


@pytest.mark.slow
def test_the_log_prints_what_its_notebook_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cells marked `measured` hold a model's numbers, which processors round in their own way."""
    import matplotlib

    matplotlib.use("agg")
    monkeypatch.chdir(DOCS)
    names: dict[str, Any] = {}
    compared = 0
    for cell in _code(json.loads((DOCS / "trl-log.ipynb").read_text())):
        found = _run("".join(cell["source"]), names)
        for output in cell["outputs"]:
            if output["output_type"] != "execute_result":
                continue
            shown = output["data"].get("text/html", output["data"]["text/plain"])
            pair = [_words("".join(shown)), _words(found)]
            if "measured" in cell["metadata"].get("tags", ()):
                pair = [_NUMBER.sub("#", one) for one in pair]
            assert pair[0] == pair[1]
            compared += 1
    assert compared >= 6


def _run(code: str, names: dict[str, Any]) -> str:
    """What a notebook shows below a cell: the value of its last line."""
    *statements, last = ast.parse(code).body
    exec(compile(ast.Module(statements, []), "<cell>", "exec"), names)
    if not isinstance(last, ast.Expr):
        exec(compile(ast.Module([last], []), "<cell>", "exec"), names)
        return ""
    value = eval(compile(ast.Expression(last.value), "<cell>", "eval"), names)
    html = getattr(value, "_repr_html_", None)
    return html() if html is not None else repr(value)


def _words(text: str) -> str:
    return " ".join(text.split())
